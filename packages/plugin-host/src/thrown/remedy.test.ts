import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginHost, type HostError } from '../index.ts';

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-remedy-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A plugin whose hook runs `body` in line 3, in TypeScript. */
const source = (body: string): string => `import { definePlugin, hook } from '@criujs/plugin-sdk';
const handler: () => Promise<void> = async () => {
${body}
};
export default definePlugin({ name: 'gpu', hooks: [hook('PAUSE_DEVICES', handler)] });
`;

interface Shipped {
  readonly body?: string;
  readonly bugs?: unknown;
}

/** A package as it is published: compiled, with its map and its sources. */
function ship(place: string, { body = '  throw new Error("x");', bugs }: Shipped = {}): void {
  const manifest = {
    name: place.split('/').at(-1),
    version: '1.2.3',
    type: 'module',
    exports: './dist/index.js',
    bugs,
  };
  write(`${place}/package.json`, JSON.stringify(manifest));
  write(`${place}/src/index.ts`, source(body));
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2017, sourceMap: true };
  const made = ts.transpileModule(`interface Padding {\n  x: 1;\n}\n${source(body)}`, { compilerOptions: options });
  const shifted = JSON.parse(made.sourceMapText ?? '') as { sources: string[] };
  shifted.sources = ['../src/index.ts'];
  write(`${place}/dist/index.js`, made.outputText);
  write(`${place}/dist/module.js.map`, JSON.stringify(shifted));
}

async function failureOf(plugin: string, deadline?: number): Promise<HostError> {
  const host = await createPluginHost({
    plugins: [plugin],
    cwd: folder,
    ...(deadline === undefined ? {} : { deadline }),
  });
  await host.start('dump');
  const error = await host.call('PAUSE_DEVICES', { pid: 7 as never }).then(
    () => expect.unreachable('the call should have failed'),
    (thrown: HostError) => thrown,
  );
  await host.finish({ ok: false, error });
  return error;
}

test('a compiled package tells the line of its source, and its user whom to tell', async () => {
  ship('node_modules/criu-plugin-gpu', { bugs: { url: 'https://example.org/gpu/issues' } });
  const error = await failureOf('criu-plugin-gpu');
  const file = join(folder, 'node_modules/criu-plugin-gpu/src/index.ts');
  // Three lines more: the padding that was compiled with it.
  expect(error.thrown?.at).toMatchObject({ file, line: 6, column: 9 });
  expect(error.message).toBe(`plugin gpu: PAUSE_DEVICES of process 7 failed: x (at ${file}:6:9)`);
  expect(error.remedy).toBe(
    'Report it to the author of criu-plugin-gpu (https://example.org/gpu/issues), or run without it.',
  );
});

test('also where it is given by its path', async () => {
  ship('node_modules/criu-plugin-path');
  expect((await failureOf('./node_modules/criu-plugin-path')).remedy).toBe(
    'Report it to the author of criu-plugin-path, or run without it.',
  );
});

test.each([
  ['another scheme', 'http://example.org/issues'],
  ['a password', 'https://me:secret@example.org/issues'],
  ['a query', 'https://example.org/?a=b'],
  ['control characters', 'https://example.org/\u001b[2J'],
  ['no text', { url: 7 }],
  ['a length without end', `https://example.org/${'x'.repeat(1000)}`],
])('an address with %s is not shown', async (what, bugs) => {
  const name = `criu-plugin-${what.replaceAll(' ', '-')}`;
  ship(`node_modules/${name}`, { bugs });
  expect((await failureOf(name)).remedy).toBe(`Report it to the author of ${name}, or run without it.`);
});

test("a project of one's own is told where to fix it", async () => {
  ship('own');
  const at = join(folder, 'own/src/index.ts:6:9');
  expect((await failureOf('./own')).remedy).toBe(`Fix ${at}, or run without gpu.`);
});

test('a project of the generator is told how to debug it, as far as that is true', async () => {
  ship('project');
  const at = join(folder, 'project/src/index.ts:6:9');
  write('project/example/dev.ts', '');
  expect((await failureOf('./project')).remedy).toBe(`Fix ${at}, or run without gpu. \`npm run dev\` shows each call.`);
  write('project/pnpm-lock.yaml', '');
  write('project/.vscode/launch.json', '{}');
  expect((await failureOf('./project')).remedy).toBe(
    `Fix ${at}, or run without gpu. \`pnpm dev\` shows each call, and .vscode/launch.json stops at a breakpoint in it.`,
  );
});

test('a remedy of its own counts before that', async () => {
  ship('node_modules/criu-plugin-knows', { body: '  throw Object.assign(new Error("x"), { remedy: "Turn it on." });' });
  expect((await failureOf('criu-plugin-knows')).remedy).toBe('Turn it on.');
});

test('what only its author can change is reported to its author', async () => {
  ship('node_modules/criu-plugin-exits', { body: '  process.exit(1);' });
  ship('exits', { body: '  process.exit(1);' });
  expect((await failureOf('criu-plugin-exits')).remedy).toBe(
    'Report it to the author of criu-plugin-exits, or run without it.',
  );
  expect((await failureOf('./exits')).remedy).toMatch(/^Throw an error instead/);
});

test('a user can allow a slow plugin more time', async () => {
  ship('node_modules/criu-plugin-slow', { body: '  await new Promise(() => undefined);' });
  expect((await failureOf('criu-plugin-slow', 100)).remedy).toBe(
    'Allow more time if the plugin is only slow; otherwise report it to the author of criu-plugin-slow, or run without it.',
  );
});
