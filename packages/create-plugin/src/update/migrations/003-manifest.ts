import type { Migration } from '../migration.ts';
import type { Tree } from '../tree.ts';

const packageName = 'package.json';
const index = 'src/index.ts';
const testName = 'test/manifest.test.ts';
const settings = '.vscode/settings.json';
const keywords = 'criu-plugin';

/** Template 2 had no field `criu` in its package.json, by which others find a plugin. */
export const manifestField: Migration = {
  to: 3,
  title: 'a manifest in package.json, and its test',
  migrate: (tree) => [...addField(tree), ...addTest(tree), ...addSettings(tree)],
};

function addField(tree: Tree): string[] {
  const text = tree.read(packageName);
  const before = parse(text);
  if (text === null || before === null) {
    return [`${packageName} cannot be read as JSON, so it got no field "criu": see what npm test says.`];
  }
  if (before['criu'] !== undefined) return [];
  const said = saidBy(tree.read(index) ?? '');
  if (said === null) {
    return [
      `The plugin's name and hooks cannot be read in ${index}: add the field "criu" that npm test prints to ${packageName}.`,
    ];
  }
  const criu = { ...said, resources: {} };
  const own = Array.isArray(before['keywords']) ? before['keywords'] : [];
  const found = own.includes(keywords) ? {} : { keywords: [keywords, ...own] };
  tree.write(packageName, `${JSON.stringify({ ...before, ...found, criu }, null, indentOf(text))}\n`);
  return [
    `Write into "criu.resources" of ${packageName} what the plugin takes: devices, sockets, files, mounts, links.`,
  ];
}

/** What the index of a project of ours says of its plugin; null: its author has written it otherwise. */
function saidBy(text: string): { plugin: string; apiVersion: 1; hooks: string[]; imageVersion: number } | null {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const name = /^\s*name: '([a-z0-9][a-z0-9-]*)',$/m.exec(code)?.[1];
  if (name === undefined) return null;
  const calls = [...code.matchAll(/\bhook\(\s*'([A-Z_]+)'/g)].flatMap((it) => it[1] ?? []);
  // Whatever else is called so may be a hook, too.
  if (calls.length !== [...code.matchAll(/\bhook\(/g)].length) return null;
  const imageVersion = Number(/^\s*imageVersion: (\d+),$/m.exec(code)?.[1] ?? 1);
  return { plugin: name, apiVersion: 1, hooks: calls, imageVersion };
}

function addTest(tree: Tree): string[] {
  if (tree.read(testName) !== null) return [];
  if (tree.read(index) === null) return [`There is no ${index}, so ${testName} was not written: see the template's.`];
  tree.write(testName, testText);
  return [];
}

function addSettings(tree: Tree): string[] {
  if (tree.read(settings) === null) tree.write(settings, settingsText);
  return [];
}

function parse(text: string | null): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** As the author has it. */
function indentOf(text: string): string {
  return /^\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

const testText = `import { readFileSync } from 'node:fs';
import { checkManifest } from '@criujs/plugin-testing';
import { test } from 'vitest';
import plugin from '../src/index.ts';

// The field \`criu\` of package.json is how others find the plugin, before any of its code runs.
test('package.json says what the plugin is', async () => {
  const packageJson: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  await checkManifest(plugin, packageJson);
});
`;

const settingsText = `{
  "json.schemas": [
    {
      "fileMatch": ["/package.json"],
      "url": "./node_modules/@criujs/plugin-sdk/schemas/package.schema.json"
    }
  ]
}
`;
