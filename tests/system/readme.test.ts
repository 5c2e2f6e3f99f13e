import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { syscall } from '@criujs/linux';
import { createPluginHost } from '@criujs/plugin-host';
import { fileId, pid as processId } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { criu, criuMissing } from '../../packages/core/test/harness/machine.ts';
import { compilePlugin, compilerMissing } from '../../packages/legacy-compat/test/compile.ts';

/** What the README shows is what a reader copies: every named block is compiled or run, as a user would. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const blocks = new Map(
  [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)].map(
    ([, name = '', code = '']) => [name, code],
  ),
);

let folder = '';
const started: number[] = [];

beforeEach(() => {
  // Inside the checkout, so that the packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'readme-'));
  for (const [name, code] of blocks) writeFileSync(join(folder, name), code);
});

afterEach(() => {
  for (const pid of started.splice(0)) end(pid);
  rmSync(folder, { recursive: true, force: true });
});

test('the plugins compile on the strictest settings', () => {
  const settings = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: { incremental: false, customConditions: [], typeRoots: ['../../node_modules/@types'] },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' });
  expect(compiler.stdout).toBe('');
  expect(compiler.status).toBe(0);
});

test('the plugin that saves and brings back a file has 15 lines', () => {
  expect(blocks.get('fuse.ts')?.trimEnd().split('\n')).toHaveLength(15);
});

test('the first plugin logs what it is asked for', async () => {
  const lines: string[] = [];
  const host = await createPluginHost({
    plugins: ['./trivial.ts'],
    cwd: folder,
    onLog: ({ message }) => {
      lines.push(message);
    },
  });
  await host.start('dump');
  const file = {
    path: '/dev/fuse',
    kind: 'character',
    rdev: { major: 10, minor: 229 },
    inode: 1,
    flags: 2,
    position: 0,
    owner: null,
    holders: [{ pid: processId(4242), fd: 7 }],
  } as const;
  const answer = await host.call('DUMP_EXT_FILE', { fd: 11, id: fileId(3), file });
  expect(await host.finish({ ok: true })).toEqual([]);
  expect(answer).toMatchObject({ claimed: true, plugin: 'trivial' });
  expect(lines).toEqual(['dump_ext_file: fd 11 id 3']);
});

test('the commands save and bring back a shell that holds /dev/fuse', async (context) => {
  skipWithoutDevice(context);
  const pid = await startCounter();
  const before = count();
  runAsShown('use.sh', pid);
  await expectCountingFrom(before, pid);
});

test('so do CRIU with the same plugin, and this engine with a compiled one', async (context) => {
  skipWithoutDevice(context);
  const missing = criuMissing() ?? compilerMissing;
  if (missing !== null) return context.skip(missing);
  compilePlugin('ext-file', folder);
  const pid = await startCounter();
  const before = count();
  const said = runAsShown('engines.sh', pid, dirname(criu ?? ''));
  expect(said).toContain('DUMP_EXT_FILE');
  await expectCountingFrom(before, pid);
});

test('the library example does the same', async (context) => {
  skipWithoutDevice(context);
  const pid = await startCounter();
  const before = count();
  const said = execFileSync(process.execPath, ['checkpoint.mjs', String(pid)], { cwd: folder, encoding: 'utf8' });
  expect(said).toMatch(/^\d processes, \d+ bytes, frozen for [\d.]+ ms\nrunning again as \d+\n$/);
  await expectCountingFrom(before, pid);
});

/** Runs a block of commands, and gives what they print. */
function runAsShown(block: string, pid: number, ...folders: readonly string[]): string {
  const path = [join(root, 'node_modules', '.bin'), ...folders, process.env['PATH']].join(':');
  const env = { ...process.env, PID: String(pid), PATH: path };
  return execFileSync('sh', ['-e', block], { cwd: folder, encoding: 'utf8', env, stdio: 'pipe' });
}

/** A shell that counts into a file, with the device at descriptor 7. */
async function startCounter(): Promise<number> {
  const script = 'exec 7<>/dev/fuse; i=0; while :; do i=$((i+1)); echo $i >count; sleep 0.02; done';
  // What the shell that runs the tests has leaked to us is not to be leaked on: close_range(2), CLOSE_RANGE_CLOEXEC.
  syscall('close_range', 3, 0xffff_ffff, 4);
  // Not a child of ours: init takes it when it ends, so that its pid is free for the restore.
  const launch = 'setsid sh -c "$0" </dev/null >/dev/null 2>&1 & echo $!';
  const pid = Number(execFileSync('sh', ['-c', launch, script], { cwd: folder, encoding: 'utf8' }));
  started.push(pid);
  await vi.waitFor(() => expect(count()).toBeGreaterThan(5), 60_000);
  return pid;
}

async function expectCountingFrom(before: number, pid: number): Promise<void> {
  expect(readlinkSync(`/proc/${pid}/fd/7`)).toBe('/dev/fuse');
  const now = await vi.waitUntil(count, 60_000);
  expect(now).toBeGreaterThanOrEqual(before);
  await vi.waitFor(() => expect(count()).toBeGreaterThan(now), 60_000);
}

/** Where the shell is; 0 while it has not written. */
function count(): number {
  const file = join(folder, 'count');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

function skipWithoutDevice(context: { skip(note: string): void }): void {
  try {
    closeSync(openSync('/dev/fuse', 'r+'));
  } catch {
    context.skip('/dev/fuse cannot be opened here');
  }
}

/** Ends a shell of ours, unless it has ended and its pid is somebody else's. */
function end(pid: number): void {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) === folder) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
