import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { deviceNumber } from '@criujs/linux';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { cProgram } from '../../core/test/harness/programs.ts';
import { until } from '../../core/test/harness/wait.ts';

/** A module that needs nothing installed: the SDK's brand is a symbol of all. */
const pluginCode = (name: string, hooks: readonly string[], claim = ''): string =>
  `export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: '${name}', hooks: [${hooks.map((hook) => `{ hook: '${hook}', handler() {}${hook.startsWith('DUMP') ? claim : ''} }`)}] };`;

/** A row of a plan, or a refusal, as far as it names packages. */
interface Named {
  readonly taker?: unknown;
  readonly remedy?: string;
  readonly suggestions?: readonly { readonly package: string }[];
}

/** What is named for them all, each once: several processes have one file. */
const packagesIn = (named: readonly Named[]): readonly string[] => [
  ...new Set(named.flatMap(({ suggestions = [] }) => suggestions.map((it) => it.package))),
];

interface Manifest {
  readonly plugin: string;
  readonly hooks: readonly string[];
  readonly resources?: object;
  readonly [field: string]: unknown;
}

/** A package with a manifest, and a plugin that claims all or runs no more than it is asked to. */
function install(place: Place, name: string, criu: Manifest | unknown, code: string): string {
  const folder = join(place.directory, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const manifest = { name, version: '1.2.0', type: 'module', exports: './index.js', keywords: ['criu-plugin'], criu };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'index.js'), code);
  return folder;
}

const external = cProgram('external');
const missing = external.missing ?? (unknownDevice ? null : 'no device that the engine does not know');

describe.skipIf(missing)('what nobody takes, and a package would', () => {
  const device = unknownDevice ?? '';
  const service = { path: '', server: createServer((socket) => socket.resume().on('error', () => socket.destroy())) };
  beforeAll(async () => {
    service.path = `/tmp/criujs-manifest-${process.pid}.sock`;
    service.server.on('connection', (socket) =>
      socket.on('data', (text) => socket.write(`${text}`.replace('\n', ' yes\n'))),
    );
    service.server.listen(service.path);
    await until('the service listens', () => service.server.listening);
  });
  afterAll(() => void service.server.close());

  const fileHooks = ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'];
  const socketHooks = ['DUMP_UNIX_SK', 'RESTORE_UNIX_SK'];

  function installAll(place: Place): void {
    const { major, minor } = deviceNumber(statSync(device, { bigint: true }).rdev);
    const ofDevice = { devices: [{ path: '/dev/some-radio*', major, minor }] };
    const claim = `, claim: ({ file }) => file.rdev?.major === ${major} && file.rdev.minor === ${minor}`;
    const radio = { plugin: 'radio', apiVersion: 1, hooks: fileHooks, resources: ofDevice };
    install(place, 'criujs-plugin-radio', radio, pluginCode('radio', fileHooks, claim));
    const ofService = { sockets: [service.path.replace(/\d+/, '*')] };
    const waves = { plugin: 'waves', apiVersion: 1, hooks: socketHooks, resources: ofService };
    install(place, '@us/criujs-waves', waves, pluginCode('waves', socketHooks, ', claim: () => true'));
    const other = { plugin: 'other', apiVersion: 1, hooks: fileHooks, resources: { files: ['/dev/another'] } };
    install(place, 'criujs-plugin-other', other, 'process.exit(9);');
    install(place, 'criujs-plugin-silent', undefined, 'process.exit(9);');
  }

  test('is named by plan; what it says to type makes the plan go', async ({ place }) => {
    installAll(place);
    const target = await place.start({ ...external, env: { DEVICE: device, SERVICE: service.path } });
    const how = { cwd: place.directory };
    const plan = ['plan', '-t', `${target.pid}`];
    const { code, stdout } = await criujsCommand([...plan, '--json'], how);
    expect(code).toBe(3);
    const open: readonly Named[] = JSON.parse(stdout).rows.filter(({ taker }: Named) => taker === null);
    const named = packagesIn(open).toSorted();
    expect(named).toEqual(['@us/criujs-waves', 'criujs-plugin-radio']);
    expect(open.every(({ suggestions }) => suggestions?.length === 1)).toBe(true);
    expect(JSON.stringify(open)).not.toContain('questions');

    const text = (await criujsCommand(plan, how)).stdout;
    expect(text).toMatch(
      /→ Load plugin radio, which is installed and made for it: --plugin criujs-plugin-radio\. Or: /,
    );
    expect(text).toMatch(/→ Load plugin waves, which is installed and made for it: --plugin @us\/criujs-waves\. Or: /);
    expect(text).not.toContain('criujs-plugin-other');

    const one = await criujsCommand([...plan, '--plugin', 'criujs-plugin-radio', '--json'], how);
    const rest: readonly Named[] = JSON.parse(one.stdout).rows.filter(({ taker }: Named) => taker === null);
    expect(packagesIn(rest)).toEqual(['@us/criujs-waves']);

    const typed = named.flatMap((name) => ['--plugin', name]);
    const all = await criujsCommand([...plan, ...typed, '--json'], how);
    expect({ code: all.code, ...JSON.parse(all.stdout) }).toMatchObject({ code: 0, verdict: 'ready' });
  });

  test('is named by a dump that is refused', async ({ place }) => {
    installAll(place);
    const target = await place.start({ ...external, env: { DEVICE: device } });
    const how = { cwd: place.directory };
    const dump = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images')];
    const failure = await criujsFails(dump, how);
    const refusals = failure.refusals as readonly Named[];
    expect(failure).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('--plugin criujs-plugin-radio'),
    });
    expect(packagesIn(refusals)).toEqual(['criujs-plugin-radio']);
    for (const { remedy, suggestions } of refusals) {
      expect(remedy).toMatch(/^Load plugin radio, .*: --plugin criujs-plugin-radio\. Or: /);
      expect(suggestions).toMatchObject([{ plugin: 'radio', from: 'installed' }]);
    }
    expect(JSON.stringify(failure)).not.toContain('questions');
    await target.advance();
  });

  test('one that would not be loaded is named with what to do', async ({ place }) => {
    installAll(place);
    chmodSync(join(place.directory, 'node_modules/criujs-plugin-radio/index.js'), 0o666);
    const target = await place.start({ ...external, env: { DEVICE: device } });
    const { stdout } = await criujsCommand(['plan', '-t', `${target.pid}`, '--json'], { cwd: place.directory });
    const [row] = JSON.parse(stdout).rows.filter(({ taker }: Named) => taker === null);
    expect(row.suggestions).toMatchObject([{ error: { code: 'PLUGIN_UNTRUSTED' } }]);
    expect(row.remedy).toMatch(/^Mend the installed package criujs-plugin-radio, .*: chmod go-w /);
  });

  test('with CRIU, which may take it itself, it is named as well', async ({ place }) => {
    installAll(place);
    const target = await place.start({ ...external, env: { DEVICE: device } });
    const plan = ['plan', '-t', `${target.pid}`, '--engine', 'criu', '--json'];
    const { stdout } = await criujsCommand(plan, { cwd: place.directory });
    const rows = JSON.parse(stdout).rows.filter((it: Named) => it.suggestions !== undefined);
    expect(packagesIn(rows)).toEqual(['criujs-plugin-radio']);
    for (const row of rows)
      expect(row).toMatchObject({ taker: { engine: 'CRIU' }, remedy: expect.stringMatching(/^Load plugin radio/) });
  });
});

describe('list and inspect', () => {
  const criu = {
    plugin: 'radio',
    apiVersion: 1,
    hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'],
    imageVersion: 2,
    resources: {
      devices: [{ path: '/dev/radio*', major: 240, minor: { from: 0, to: 7 }, driver: 'radio' }, { path: '/dev/tape' }],
      sockets: ['@radio'],
    },
    tools: [{ name: 'sh' }, { name: 'no-such-radio-ctl', version: '2 or later' }],
  };

  test('show what the manifest says, without running anything', async ({ place }) => {
    install(place, 'criujs-plugin-radio', criu, `process.exit(9);\n${pluginCode('radio', criu.hooks)}`);
    const how = { cwd: place.directory };
    const lines = [
      '  manifest: plugin radio, API version 1, image version 2',
      '  takes devices /dev/radio* (240:0-7, driver radio), /dev/tape',
      '  takes sockets @radio',
      '  runs sh, no-such-radio-ctl (2 or later; not in PATH)',
    ].join('\n');
    const list = await criujsCommand(['plugin', 'list'], how);
    expect(list.stdout).toContain(`${lines}\n`);
    const inspect = await criujsCommand(['plugin', 'inspect', 'criujs-plugin-radio'], how);
    expect(inspect.stdout).toContain(`Manifest\n${lines}\n\nLoads`);
    expect(inspect.stdout).not.toContain('note:');

    const shown = {
      state: 'valid',
      manifest: criu,
      notes: [],
      tools: [{ name: 'sh', path: expect.any(String) }, { path: null }],
    };
    const { plugins } = JSON.parse((await criujsCommand(['plugin', 'list', '--json'], how)).stdout);
    expect(plugins).toMatchObject([{ manifest: shown }]);
    expect(plugins[0].criu).toBeUndefined();
    const json = await criujsCommand(['plugin', 'inspect', 'criujs-plugin-radio', '--json'], how);
    expect(JSON.parse(json.stdout)).toMatchObject({ manifest: shown });
  });

  test('say where manifest and code differ, and what is wrong with a manifest', async ({ place }) => {
    install(place, 'criujs-plugin-a', { ...criu, later: 1 }, pluginCode('tape', ['DUMP_EXT_FILE', 'PAUSE_DEVICES']));
    install(
      place,
      'criujs-plugin-b',
      { ...criu, hooks: ['DUMP_FILE'], plugin: 'Radio\u001b[31m' },
      pluginCode('radio', []),
    );
    install(place, 'criujs-plugin-c', criu, 'export default makePlugin();');
    install(place, 'criujs-plugin-d', undefined, pluginCode('d', []));
    const how = { cwd: place.directory };
    const { stdout } = await criujsCommand(['plugin', 'list'], how);
    const [a = '', b = '', c = '', d = ''] = stdout.split(/^(?=criujs-plugin-)/m);
    expect(a).toContain('note: criu.plugin is "radio", and the code has "tape"');
    expect(a).toContain(
      'note: criu.hooks lacks PAUSE_DEVICES and has RESTORE_EXT_FILE, which the code does not register',
    );
    expect(a).toContain('note: criu.later is not a field that this release knows');
    expect(b).toMatch(/manifest: criu\.plugin must be small letters, .*, and is "Radio/);
    expect(b).toContain('manifest: criu.hooks[0] must be a hook: ');
    expect(b).not.toContain('\u001b');
    expect(c).toMatch(/manifest: plugin radio, API version 1(.|\n)*cannot be told: /);
    expect(d).not.toContain('manifest');
    const { plugins } = JSON.parse((await criujsCommand(['plugin', 'list', '--json'], how)).stdout);
    expect(plugins).toMatchObject([
      { manifest: { state: 'valid', notes: [expect.any(String), expect.any(String), expect.any(String)] } },
      { manifest: { state: 'invalid', problems: [expect.any(String), expect.any(String)] } },
      { plugin: null, manifest: { state: 'valid', manifest: { plugin: 'radio' }, notes: [] } },
      { manifest: null },
    ]);
  });

  test('a file that is not the plugin of a package has no manifest', async ({ place }) => {
    const folder = install(place, 'criujs-plugin-radio', criu, pluginCode('radio', criu.hooks));
    writeFileSync(join(folder, 'other.js'), pluginCode('other', []));
    const manifestOf = async (file: string): Promise<unknown> =>
      JSON.parse((await criujsCommand(['plugin', 'inspect', join(folder, file), '--json'])).stdout).manifest;
    expect(await manifestOf('index.js')).toMatchObject({ state: 'valid' });
    expect(await manifestOf('other.js')).toBeNull();
  });
});
