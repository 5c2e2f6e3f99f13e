import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { run, runWell } from '../../core/test/harness/command.ts';
import { mappableDevice } from '../../core/test/harness/devices.ts';
import { compiler, criu, criuMissing, root } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { proc, treeOf, untilGone } from '../../core/test/harness/processes.ts';
import { counter, cProgram, type Program, tree } from '../../core/test/harness/programs.ts';
import { until } from '../../core/test/harness/wait.ts';

// What the guide shows is what a reader copies: its plugins are compiled, and its commands run under the real CRIU.

const missing = criuMissing() ?? (compiler === null ? 'no C compiler' : null);
const guide = readFileSync(join(root, 'docs/guides/real-criu.md'), 'utf8');
const blocks = [...guide.matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => ({
  name,
  code,
}));

let folder = '';

beforeAll(() => {
  // Inside the checkout, so that the packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'real-criu-'));
  for (const { name, code } of blocks) {
    writeFileSync(join(folder, name), code);
    chmodSync(join(folder, name), 0o755);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs commands of the guide, with criujs and criu in PATH. */
async function follow(name: string, env: Record<string, string> = {}): Promise<string> {
  rmSync(join(folder, 'images'), { recursive: true, force: true });
  const bins = [join(root, 'node_modules', '.bin'), dirname(criu ?? ''), process.env['PATH'] ?? ''];
  const command = name.endsWith('.mjs') ? [process.execPath, name] : ['sh', '-e', name];
  return await runWell(command, { cwd: folder, env: { ...env, PATH: bins.join(delimiter) } });
}

test('the plugins compile on the strictest settings', () => {
  const settings = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: { incremental: false, customConditions: [], typeRoots: ['../../node_modules/@types'] },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' });
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});

/** A program of ours in C, without libraries: it runs in any room. */
function compile(place: Place, name: string): string {
  const program = join(place.directory, name);
  const source = new URL(`native/${name}.c`, import.meta.url).pathname;
  execFileSync(compiler ?? 'cc', ['-O1', '-static-pie', '-o', program, source], { stdio: 'pipe' });
  return program;
}

/** Starts a command as init's child, with a session of its own; gives its pid. */
async function launch(place: Place, command: readonly string[]): Promise<number> {
  const pid = Number(await runWell(['sh', '-c', 'setsid "$@" </dev/null >/dev/null 2>&1 & echo $!', 'sh', ...command]));
  place.track(pid);
  return pid;
}

/** What a holder says of itself when it starts, and each time that it is asked; its reports are at this path. */
function reportOf(pid: number, reports: string): Promise<string> {
  return until(`process ${pid} reports`, () => {
    try {
      return readFileSync(`${reports}.${pid}`, 'utf8') || 'nothing';
    } catch {
      return null;
    }
  });
}

async function tell(pid: number, reports: string): Promise<string> {
  rmSync(`${reports}.${pid}`);
  process.kill(pid, 'SIGUSR1');
  return reportOf(pid, reports);
}

const holderOf = (env: Record<string, string>): Program => ({ ...cProgram('external'), env });

describe.skipIf(missing)(missing ?? 'the guide’s commands', () => {
  test('check', async () => {
    expect(await follow('check.sh')).toContain('it calls DUMP_UNIX_SK');
  });

  test('a file, by command and by program', async ({ place }) => {
    const target = await place.start(holderOf({ DEVICE: '/dev/fuse' }));
    for (const name of ['fuse.sh', 'library.mjs']) {
      await follow(name, { PID: String(target.pid) });
      place.track(target.pid);
      await target.advance();
    }
    await target.finish();
  });

  test('a unix socket', async ({ place }) => {
    const path = place.fresh('service');
    const service = createServer((socket) => {
      socket.on('data', (bytes) => socket.write(bytes.toString().replaceAll('\n', ' yes\n')));
      socket.on('error', () => socket.destroy());
    }).listen(path);
    try {
      await until('the service listens', () => service.listening);
      const target = await place.start(holderOf({ SERVICE: path }));
      await follow('hub.sh', { PID: String(target.pid) });
      place.track(target.pid);
      await target.advance();
      await target.finish();
    } finally {
      service.close();
    }
  });

  test('a mount', async ({ place }) => {
    const [room, holder] = [compile(place, 'room'), compile(place, 'holder')];
    const [inside, shelf] = [place.fresh('root'), place.fresh('shelf')];
    for (const path of [inside, join(inside, 'data'), shelf]) mkdirSync(path);
    writeFileSync(join(inside, 'holder'), readFileSync(holder), { mode: 0o755 });
    writeFileSync(join(shelf, 'name'), 'on the shelf');
    const pid = await launch(place, [room, inside, shelf, '/data', '/holder', '/report', 'mount', '/data']);
    expect(await reportOf(pid, join(inside, 'report'))).toContain('mounted on the shelf');

    await follow('shelf.sh', { PID: String(pid), ROOT: inside, SHELF: shelf });
    place.track(pid);
    expect(proc(pid, 'mountinfo')).toMatch(new RegExp(` ${shelf} /data `));
    expect(await tell(pid, join(inside, 'report'))).toContain('mounted on the shelf');
  });

  test.skipIf(mappableDevice === null)('a mapped device', async ({ place }) => {
    const device = mappableDevice ?? '';
    const target = await place.start({ ...cProgram('mapped'), env: { DEVICE: device } });
    await follow('window.sh', { PID: String(target.pid), WINDOW: device });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });

  test.skipIf(!canMakeLinks())('a network link', async ({ place }) => {
    const holder = compile(place, 'holder');
    const report = place.fresh('report');
    const make = 'ip link add name overlay0 type vxlan id 42 dstport 4789 && ip addr add 10.9.8.7/24 dev overlay0';
    const script = `${make} && ip link set overlay0 up && exec "$@"`;
    const pid = await launch(place, ['unshare', '-n', 'sh', '-c', script, 'sh', holder, report, 'wait']);
    await reportOf(pid, report);
    const links = async (): Promise<string> =>
      (await run(['nsenter', '-t', String(pid), '-n', 'ip', '-br', 'addr'])).stdout;
    const before = await links();
    expect(before).toMatch(/^overlay0 .* 10\.9\.8\.7\/24/m);

    await follow('links.sh', { PID: String(pid) });
    place.track(pid);
    expect(await links()).toBe(before);
    await tell(pid, report);
  });

  test('devices that are told', async ({ place }) => {
    const target = await place.start(tree);
    const pids = treeOf(target.pid);
    await follow('late.sh', { PID: String(target.pid) });
    place.track(target.pid);
    const lines = readFileSync(join(folder, 'devices.log'), 'utf8').split('\n');
    for (const pid of target.pids()) {
      expect(lines.filter((line) => line.endsWith(` ${pid}`))).toEqual([
        `pause ${pid}`,
        `checkpoint ${pid}`,
        `resume ${pid}`,
      ]);
    }
    expect(pids.length).toBeGreaterThan(1);
    await target.advance();
    await target.finish();
  });

  test('a step that fails ends the run, and the program runs on', async ({ place }) => {
    const target = await place.start(counter);
    const script = place.fresh('script');
    writeFileSync(
      script,
      '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" = post-dump ] || exit 0\necho "no room" >&2; exit 1\n',
      { mode: 0o755 },
    );
    const bin = join(root, 'packages/cli/bin/criujs.js');
    const dump = [
      'dump',
      '-t',
      String(target.pid),
      '-D',
      target.images(),
      '--engine',
      'criu',
      '--criu-bin',
      criu ?? '',
    ];
    const { code, stderr } = await run([process.execPath, bin, ...dump, '--action-script', script]);
    expect(code).toBe(1);
    expect(stderr).toContain(`the action script ${script} failed at post-dump: no room`);
    await target.advance();
    await target.finish();
    await untilGone(target.pid);
  });
});

/** Whether this kernel has the kind of link that the guide shows. */
function canMakeLinks(): boolean {
  const script = 'ip link add name overlay0 type vxlan id 42 dstport 4789';
  return spawnSync('unshare', ['-n', 'sh', '-c', script], { stdio: 'ignore' }).status === 0;
}
