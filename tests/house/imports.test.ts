import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

/**
 * The house in one table: what the sources of a package may import from outside of its own folder. `node` stands for
 * Node's own modules. ARCHITECTURE.md shows the same as a picture.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  'plugin-sdk': [],
  images: ['@bufbuild/protobuf'],
  // And koffi's binary, which is loaded by its path.
  linux: ['node'],
  wire: ['node', '@criujs/plugin-sdk', '@criujs/linux'],
  'plugin-host': ['node', 'jiti', 'valibot', '@criujs/plugin-sdk'],
  'engine-kit': ['node', '@criujs/plugin-sdk', '@criujs/images', '@criujs/linux', '@criujs/plugin-host'],
  'plugin-testing': ['node', 'vitest', '@criujs/plugin-sdk', '@criujs/plugin-host'],
  'legacy-compat': [
    'node',
    'acorn',
    '@sveltejs/acorn-typescript',
    '@criujs/plugin-sdk',
    '@criujs/images',
    '@criujs/linux',
    '@criujs/wire',
    '@criujs/plugin-host',
    '@criujs/engine-kit',
  ],
  core: ['node', '@criujs/plugin-sdk', '@criujs/images', '@criujs/linux', '@criujs/plugin-host', '@criujs/engine-kit'],
  'criu-bridge': [
    'node',
    '@criujs/plugin-sdk',
    '@criujs/images',
    '@criujs/linux',
    '@criujs/wire',
    '@criujs/plugin-host',
    '@criujs/engine-kit',
  ],
  cli: [
    'node',
    'commander',
    'jiti',
    'picocolors',
    'semver',
    'yocto-spinner',
    '@criujs/plugin-sdk',
    '@criujs/linux',
    '@criujs/plugin-host',
    '@criujs/plugin-testing',
    '@criujs/legacy-compat',
    '@criujs/engine-kit',
    '@criujs/core',
    '@criujs/criu-bridge',
  ],
  // Bundled: what it is made of are development dependencies, and a user installs none of them.
  'create-plugin': [
    'node',
    'ejs',
    'mem-fs-editor',
    'picocolors',
    'validate-npm-package-name',
    'yeoman-environment',
    'yeoman-generator',
    '@criujs/engine-kit',
    '@criujs/legacy-compat',
    '@criujs/plugin-sdk',
  ],
  // The same under the name by which `yo` finds it.
  'generator-criu-plugin': ['create-criu-plugin'],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Packages that ship one bundle: their sources use development dependencies, and they have no others. */
const bundled: readonly string[] = ['create-plugin'];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folders = readdirSync(join(root, 'packages')).filter((it) =>
  existsSync(join(root, 'packages', it, 'package.json')),
);
const builtins = new Set(builtinModules);

test('every package has its row in the table', () => {
  expect(folders.filter((folder) => floors[folder] === undefined)).toEqual([]);
});

test.each(folders)('%s imports only what lies below it', (folder) => {
  const allowed = floors[folder] ?? [];
  const strangers = outside(folder).filter(({ specifier }) => !allowed.includes(packageOf(specifier)));
  expect(strangers).toEqual([]);
});

test.each(folders)('%s stays inside its folder and uses only what other packages export', (folder) => {
  const wrong = imports(folder).filter(({ file, specifier }) => {
    if (specifier.startsWith('.')) return !resolve(dirname(file), specifier).startsWith(join(root, 'packages', folder));
    return isOurs(specifier) && !exported(specifier);
  });
  expect(wrong).toEqual([]);
});

test.each(folders)('%s depends on what its row names, and refers to it for the compiler', (folder) => {
  const row = floors[folder] ?? [];
  const { dependencies, peerDependencies, devDependencies } = manifestOf(folder);
  const shipped = Object.keys({ ...dependencies, ...peerDependencies });
  const isBundled = bundled.includes(folder);
  if (isBundled) expect(shipped).toEqual([]);
  const named = isBundled ? Object.keys(devDependencies ?? {}).filter((name) => row.includes(name)) : shipped;
  expect(named.filter((name) => !row.includes(name))).toEqual([]);

  const used = new Set(outside(folder).map(({ specifier }) => packageOf(specifier)));
  expect([...used].filter((name) => name !== 'node' && !named.includes(name))).toEqual([]);

  const { references = [] } = JSON.parse(readFileSync(join(root, 'packages', folder, 'tsconfig.json'), 'utf8'));
  const referred = references.map(({ path }: { path: string }) => manifestOf(path.replace(/^\.\.\//, '')).name);
  expect(referred.toSorted()).toEqual(named.filter(isOurs).toSorted());
});

/** Every import of a package's sources, tests left out: those may use more. */
function imports(folder: string): Import[] {
  const sources = join(root, 'packages', folder, 'src');
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(sources, name))
    .flatMap((file) =>
      ts
        .preProcessFile(readFileSync(file, 'utf8'), true, true)
        .importedFiles.map(({ fileName }) => ({ file, specifier: fileName })),
    );
}

function outside(folder: string): Import[] {
  return imports(folder)
    .filter(({ specifier }) => !specifier.startsWith('.'))
    .map(({ file, specifier }) => ({ file: relative(root, file).split(sep).join('/'), specifier }));
}

/** `node` for Node's own modules, else the package's name without a path inside it. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:') || builtins.has(specifier)) return 'node';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isOurs(specifier: string): boolean {
  const name = packageOf(specifier);
  return folders.some((folder) => manifestOf(folder).name === name);
}

function exported(specifier: string): boolean {
  const name = packageOf(specifier);
  const owner = folders.map(manifestOf).find((manifest) => manifest.name === name);
  return owner !== undefined && `.${specifier.slice(name.length)}` in owner.exports;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
}
