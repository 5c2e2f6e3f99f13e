import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answers } from '../answers.ts';
import { packageFolder } from '../package-folder.ts';
import { criuField } from './criu-field.ts';

interface Dependencies {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Packages of this repository that a new plugin is developed with. Our own manifest has their versions. */
const ours = ['@criujs/core', '@criujs/plugin-sdk', '@criujs/plugin-testing', 'criujs'] as const;

/** The package.json of a new plugin. */
export function manifest(answers: Answers): string {
  const { packageName, description, author, licence, options } = answers;
  const own = readDependencies(join(packageFolder(), 'package.json')).devDependencies;
  const others = readDependencies(join(packageFolder(), 'templates', 'versions', 'package.json'));
  const sdk = '@criujs/plugin-sdk';
  const fields = {
    name: packageName,
    version: '0.0.0',
    ...(licence === 'UNLICENSED' ? { private: true } : {}),
    description,
    keywords: ['criu-plugin', 'criu', 'checkpoint', 'restore'],
    license: licence,
    ...(author === null ? {} : { author }),
    type: 'module',
    engines: { node: '^20.19.0 || >=22.12.0' },
    sideEffects: false,
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    files: ['dist', 'src'],
    criu: criuField(answers),
    scripts: {
      dev: 'jiti example/dev.ts',
      inspect: 'criujs plugin inspect .',
      build: 'tsc -p tsconfig.build.json',
      test: 'vitest run',
      lint: 'biome check --error-on-warnings .',
      format: 'biome check --write .',
      typecheck: 'tsc',
      prepack: `${answers.packageManager} run build`,
      changeset: 'changeset',
      'version-packages': 'changeset version',
      release: 'changeset publish',
    },
    ...(options ? { dependencies: others.dependencies } : {}),
    peerDependencies: { [sdk]: rangeOf(own, sdk) },
    devDependencies: sorted({
      ...Object.fromEntries(ours.map((name) => [name, rangeOf(own, name)])),
      ...others.devDependencies,
    }),
    publishConfig: { access: 'public' },
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

function rangeOf(own: Readonly<Record<string, string>>, name: string): string {
  const range = own[name];
  if (range === undefined) throw new Error(`package.json of create-criu-plugin has no version of ${name}`);
  return range;
}

function readDependencies(path: string): Dependencies {
  return { dependencies: {}, devDependencies: {}, ...JSON.parse(readFileSync(path, 'utf8')) };
}

function sorted(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
