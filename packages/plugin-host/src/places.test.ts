import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasCapabilities } from './foreign-environment.ts';
import { createPluginHost, type HostError, installedPlugins, pluginPlaces, withInstalled } from './index.ts';
import { find } from './locate.ts';
import type { PluginPlace } from './places.ts';

let machine: string;
let project: string;

beforeEach(() => {
  machine = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-places-')));
  project = join(machine, 'home/project');
  mkdirSync(project, { recursive: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(machine, { recursive: true });
});

/** A package in a folder of packages, with a plugin that is named after it; its file. */
function install(modules: string, name: string, manifest: object = {}): string {
  const folder = join(modules, name);
  mkdirSync(folder, { recursive: true });
  const all = { name, type: 'module', main: './index.js', keywords: ['criu-plugin'], version: '1.0.0', ...manifest };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(all));
  const plugin = `{ [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: '${name}', hooks: [] }`;
  writeFileSync(join(folder, 'index.js'), `export default ${plugin};`);
  return join(folder, 'index.js');
}

/** The folder of the host's code, as npm installs `criujs` globally. */
const npmGlobal = (): string => join(machine, 'usr/lib/node_modules/criujs/node_modules/@criujs/plugin-host/dist');

const placesOf = (self: string, cwd = project): readonly PluginPlace[] =>
  pluginPlaces(cwd, { self, env: { CRIUJS_PLUGINS_DIR: join(machine, 'opt') } });

test('the list: the project from here up, what criujs was installed into, the folders of the machine', () => {
  const places = pluginPlaces('/home/me/app', { self: '/usr/lib/node_modules/criujs/dist', env: {} });
  expect(places).toEqual([
    { kind: 'project', folder: '/home/me/app/node_modules' },
    { kind: 'project', folder: '/home/me/node_modules' },
    { kind: 'project', folder: '/home/node_modules' },
    { kind: 'project', folder: '/node_modules' },
    { kind: 'criujs', folder: '/usr/lib/node_modules' },
    { kind: 'system', folder: '/usr/local/lib/criujs/node_modules' },
    { kind: 'system', folder: '/usr/lib/criujs/node_modules' },
  ]);
});

test.each([
  ['npm', 'usr/lib/node_modules/criujs/node_modules/@criujs/plugin-host/dist'],
  ['npm, in one floor', 'usr/lib/node_modules/@criujs/plugin-host/dist'],
  ['pnpm', 'usr/lib/node_modules/.pnpm/@criujs+plugin-host@1.0.0/node_modules/@criujs/plugin-host/dist'],
])('a package beside criujs, as %s installs it', (_, self) => {
  const file = install(join(machine, 'usr/lib/node_modules'), 'beside');
  expect(find('beside', project, placesOf(join(machine, self)))).toEqual({ file, place: 'criujs' });
  const [found] = installedPlugins({ cwd: project, places: placesOf(join(machine, self)) });
  expect(found).toMatchObject({ package: 'beside', place: 'criujs', entry: file });
  expect(found?.error).toBeUndefined();
});

test('a package beside criujs that pnpm has linked there', () => {
  const real = join(machine, 'usr/lib/node_modules/.pnpm/beside@1.0.0/node_modules');
  const file = install(real, 'beside');
  symlinkSync(join(real, 'beside'), join(machine, 'usr/lib/node_modules/beside'));
  const places = placesOf(npmGlobal());
  expect(realpathSync(find('beside', project, places).file)).toBe(file);
  expect(installedPlugins({ cwd: project, places })).toMatchObject([{ package: 'beside', entry: file }]);
});

test('the folder of the machine is the last, and a nearer package hides one of the same name', () => {
  const system = install(join(machine, 'opt/node_modules'), 'gpu', { version: '1.0.0' });
  const places = placesOf(npmGlobal());
  expect(find('gpu', project, places)).toEqual({ file: system, place: 'system' });
  const beside = install(join(machine, 'usr/lib/node_modules'), 'gpu', { version: '2.0.0' });
  expect(find('gpu', project, places)).toEqual({ file: beside, place: 'criujs' });
  const own = install(join(machine, 'home/node_modules'), 'gpu', { version: '3.0.0' });
  expect(find('gpu', project, places)).toEqual({ file: own, place: 'project' });
  const found = installedPlugins({ cwd: project, places });
  expect(found.map((it) => [it.packageVersion, it.place, it.shadowedBy])).toEqual([
    ['3.0.0', 'project', null],
    ['2.0.0', 'criujs', join(machine, 'home/node_modules/gpu')],
    ['1.0.0', 'system', join(machine, 'home/node_modules/gpu')],
  ]);
});

test('CRIUJS_PLUGINS_DIR: a host loads by name what is there, and the package is recorded', async () => {
  vi.stubEnv('CRIUJS_PLUGINS_DIR', join(machine, 'opt'));
  install(join(machine, 'opt/node_modules'), 'criu-plugin-gpu', { version: '1.4.0' });
  const host = await createPluginHost({ plugins: ['criu-plugin-gpu'], cwd: project });
  expect(host.plugins.map((it) => it.name)).toEqual(['criu-plugin-gpu']);
  expect(host.record([])).toMatchObject([
    { package: 'criu-plugin-gpu', packageVersion: '1.4.0', load: 'criu-plugin-gpu' },
  ]);
});

test('a name that is nowhere: each place that was looked at', () => {
  const error = errorOf(() => find('gpu', project, placesOf(npmGlobal())));
  expect(error.code).toBe('PLUGIN_NOT_FOUND');
  for (const folder of ['home/project', 'home', '.', 'usr/lib', 'opt'])
    expect(error.message).toContain(join(machine, folder, 'node_modules/gpu'));
  for (const place of ['the project:', 'beside criujs:', 'the system:']) expect(error.message).toContain(place);
});

test('a package that is there without a file to load is named, and no other is taken in its place', () => {
  install(join(machine, 'opt/node_modules'), 'gpu');
  install(join(project, 'node_modules'), 'gpu', { main: './dist/none.js', exports: './dist/none.js' });
  rmSync(join(project, 'node_modules/gpu/index.js'));
  const places = placesOf(npmGlobal());
  const error = errorOf(() =>
    find(
      'gpu',
      project,
      [...places].filter(({ kind }) => kind !== 'system'),
    ),
  );
  expect(error.message).toContain(`${join(project, 'node_modules/gpu')} has no file to load`);
  expect(errorOf(() => find('gpu', project, places)).message).toBe(error.message);
});

test('all that are installed come behind those that are named, by name of the package, each once', () => {
  install(join(project, 'node_modules'), 'zfs');
  install(join(machine, 'opt/node_modules'), 'amd');
  install(join(machine, 'opt/node_modules'), 'zfs');
  install(join(machine, 'usr/lib/node_modules'), '@us/kvm');
  const gpu = install(join(project, 'node_modules'), 'gpu');
  const cwd = project;
  const places = placesOf(npmGlobal());
  expect(withInstalled([], { cwd, places })).toEqual(['@us/kvm', 'amd', 'gpu', 'zfs']);
  expect(withInstalled(['./mine.ts', gpu, 'zfs'], { cwd, places })).toEqual([
    './mine.ts',
    gpu,
    'zfs',
    '@us/kvm',
    'amd',
  ]);
  expect(withInstalled([], { cwd: machine, places: [] })).toEqual([]);
});

test('all that is wrong with any that is installed is in one error, and those that are hidden do not matter', () => {
  const open = install(join(project, 'node_modules'), 'open');
  chmodSync(open, 0o666);
  install(join(project, 'node_modules'), 'unbuilt', { main: './dist/none.js', exports: './dist/none.js' });
  const hidden = install(join(machine, 'opt/node_modules'), 'fine');
  chmodSync(hidden, 0o666);
  install(join(project, 'node_modules'), 'fine');
  const error = errorOf(() => withInstalled([], { cwd: project, places: placesOf(npmGlobal()) }));
  expect(error.code).toBe('PLUGIN_UNTRUSTED');
  expect(error.errors?.map((it) => [it.plugin, it.code])).toEqual([
    ['open', 'PLUGIN_UNTRUSTED'],
    ['unbuilt', 'PLUGIN_NOT_FOUND'],
  ]);
  expect(error.message).toMatch(/^2 installed plugins cannot be loaded:\n/);
});

test('code in a folder that others may write is not loaded unless it is named in the project', () => {
  install(join(project, 'node_modules'), 'gpu');
  install(join(machine, 'opt/node_modules'), 'kvm');
  chmodSync(machine, 0o777);
  const found = installedPlugins({ cwd: project, places: placesOf(npmGlobal()) });
  expect(found.map(({ package: name, error }) => [name, error?.code])).toEqual([
    ['gpu', 'PLUGIN_UNTRUSTED'],
    ['kvm', 'PLUGIN_UNTRUSTED'],
  ]);
  expect(found[0]?.error?.message).toContain(`others may write the folder ${machine}`);
});

test.skipIf(process.geteuid?.() !== 0)('root and the code of others', async () => {
  const stranger = 12_345;
  vi.stubEnv('CRIUJS_PLUGINS_DIR', join(machine, 'opt'));
  const give = (name: string, modules: string): void => {
    const file = install(join(machine, modules, 'node_modules'), name);
    chownSync(file, stranger, stranger);
  };
  give('theirs', 'home/project');
  give('kvm', 'opt');
  const codesOf = async (plugin: string): Promise<unknown> =>
    createPluginHost({ plugins: [plugin], cwd: project }).then(
      () => 'loaded',
      ({ code }: HostError) => code,
    );
  const installed = (): unknown[] => installedPlugins({ cwd: project }).map((it) => [it.package, it.error?.code]);

  expect(await codesOf('theirs')).toBe('PLUGIN_UNTRUSTED');
  expect(await codesOf('kvm')).toBe('PLUGIN_UNTRUSTED');
  expect(installed()).toEqual([
    ['kvm', 'PLUGIN_UNTRUSTED'],
    ['theirs', 'PLUGIN_UNTRUSTED'],
  ]);
  // In their project, what is named; what is only there still needs a name.
  chownSync(project, stranger, stranger);
  expect(await codesOf('theirs')).toBe('loaded');
  expect(await codesOf('kvm')).toBe('PLUGIN_UNTRUSTED');
  expect(installed()).toContainEqual(['theirs', 'PLUGIN_UNTRUSTED']);
  // Under sudo, the caller's own.
  chownSync(join(project, 'node_modules/theirs'), stranger, stranger);
  vi.stubEnv('SUDO_UID', `${stranger}`);
  expect(installed()).toEqual([
    ['kvm', 'PLUGIN_UNTRUSTED'],
    ['theirs', undefined],
  ]);
  // A path is always what the user meant.
  expect(await codesOf(join(machine, 'opt/node_modules/kvm'))).toBe('loaded');
});

test('capabilities of a process, as /proc tells them', () => {
  expect(hasCapabilities('CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n')).toBe(false);
  expect(hasCapabilities('CapInh:\t0000000000000000\nCapPrm:\t0000000000080000\n')).toBe(true);
});

function errorOf(body: () => unknown): HostError {
  try {
    body();
  } catch (error) {
    return error as HostError;
  }
  throw new Error('it did not fail');
}
