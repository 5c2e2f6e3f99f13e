import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { legacyLoader, oldStructureEndsIn, oldSymbols } from '@criujs/legacy-compat';
import { closeFd, readLink, syscall } from '@criujs/linux';
import { createPluginHost, type LogEntry, type PluginHost } from '@criujs/plugin-host';
import {
  type DumpedFile,
  fileId,
  type HookArgs,
  type HookName,
  type MountSource,
  mountId,
  type OwnedDescriptor,
  pid,
  type Stage,
  socketInode,
  type UnixSocketInfo,
} from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { blocksOf } from './blocks.ts';
import { compilerMissing } from './compile.ts';

// The guide shows old and new side by side: both are compiled, both are run, and both must do the same.

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const guide = readFileSync(join(root, 'docs', 'guides', 'from-old-structure.md'), 'utf8');
const readme = readFileSync(join(root, 'packages', 'legacy-compat', 'README.md'), 'utf8');
const blocks = blocksOf(guide);

/** Old module, new module. */
const pairs = {
  files: ['old-files.cjs', 'files.ts'],
  sockets: ['old-sockets.mjs', 'sockets.ts'],
  mounts: ['old-mounts.mjs', 'mounts.ts'],
  maps: ['old-maps.mjs', 'maps.ts'],
  moments: ['old-moments.cjs', 'moments.ts'],
  descriptor: ['old-descriptor.mjs', 'descriptor.ts'],
  compiled: ['keeper.so', 'files.ts'],
} as const;

/** Blocks that another one needs, or that stand for themselves. */
const others = ['connect.mjs', 'keeper.c', 'compile.sh', 'use-compiled.sh'];

let folder = '';
const clean: (() => void)[] = [];

beforeEach(() => {
  // Inside the checkout, so that the packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'guide-'));
  for (const [name, code] of [...blocks, ...blocksOf(readme)]) writeFileSync(join(folder, name), code);
  mkdirSync(join(folder, 'bin'));
  vi.stubEnv('PATH', `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`);
  vi.stubEnv('KEEPER_STATE', join(folder, 'state'));
  vi.stubEnv('KEEPER_DEVICE', '/dev/zero');
});

afterEach(() => {
  for (const it of clean.splice(0)) it();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A program that only notes how it was called. */
function pretend(name: string): () => string[] {
  const file = join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\necho "$*" >>"$0.calls"\n`);
  chmodSync(file, 0o755);
  return () => {
    const calls = readFileSync(`${file}.calls`, 'utf8').trim().split('\n');
    rmSync(`${file}.calls`);
    return calls;
  };
}

interface Session {
  readonly log: LogEntry[];
  run(stage: Stage, body: (call: Ask) => Promise<void>): Promise<void>;
}

type Ask = <N extends HookName>(hook: N, args: HookArgs<N>) => ReturnType<PluginHost['call']>;

/** A host with one module of the guide; its answers are noted without the plugin's own name and version. */
async function session(name: string): Promise<Session> {
  const log: LogEntry[] = [];
  const host = await createPluginHost({
    plugins: [`./${name}`],
    cwd: folder,
    loaders: [legacyLoader()],
    images: folder,
    onLog: (entry) => void log.push(entry),
  });
  return {
    log,
    async run(stage, body) {
      await host.start(stage);
      await body((hook, args) => host.call(hook, args) as never);
      expect(await host.finish({ ok: true })).toEqual([]);
    },
  };
}

/** The same on both sides. */
async function bothSides(pair: keyof typeof pairs, body: (side: Session) => Promise<unknown>): Promise<void> {
  const seen: unknown[] = [];
  for (const name of pairs[pair]) {
    const side = await session(name);
    seen.push(await body(side));
    const notices = side.log.filter(
      ({ level, message }) => level === 'warn' && message.includes('from-old-structure.md'),
    );
    expect(notices.length > 0, `${name} is told to be old`).toBe(name.startsWith('old-'));
  }
  expect(seen[1]).toEqual(seen[0]);
}

async function descriptorOf(answer: Awaited<ReturnType<Ask>>): Promise<string> {
  const { result } = answer as unknown as { result: OwnedDescriptor };
  const path = readLink(process.pid, `fd/${result.fd}`) ?? '';
  await result.close();
  return path.replace(/\d+/, 'N');
}

test('every block is compiled', () => {
  const settings = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: {
      incremental: false,
      customConditions: [],
      typeRoots: ['../../node_modules/@types'],
      allowJs: true,
      checkJs: false,
    },
    include: ['*.ts', '*.cjs', '*.mjs'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' });
  expect(compiler.stdout).toBe('');
  expect(compiler.status).toBe(0);
});

test('every block is in a pair, every symbol in the table and in a block, and the version is right', () => {
  const inPairs = new Set<string>(Object.values(pairs).flat());
  inPairs.delete('keeper.so');
  expect([...blocks.keys()].sort()).toEqual([...inPairs, ...others].sort());
  const old = Object.values(pairs)
    .map(([name]) => blocks.get(name))
    .join('\n');
  for (const [symbol, hook] of Object.entries(oldSymbols)) {
    expect(guide).toMatch(new RegExp(`^\\| \`${symbol}\\(.*\`${hook}[\`(]`, 'm'));
    const camel = symbol.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    expect(old.includes(symbol) || old.includes(camel), symbol).toBe(true);
  }
  expect(guide).toContain(`until its version ${oldStructureEndsIn}`);
});

/** A device is dumped and opened again, another one is passed on. */
async function filesThrough({ run }: Session): Promise<unknown> {
  const dumped = (path: string): DumpedFile => ({
    path,
    kind: 'character',
    rdev: null,
    inode: 1,
    flags: 2,
    position: 0,
    owner: null,
    holders: [],
  });
  const seen: unknown[] = [];
  await run('dump', async (call) => {
    for (const path of ['/dev/zero', '/dev/null']) {
      const fd = openSync(path, 'r+');
      const { claimed } = await call('DUMP_EXT_FILE', { fd, id: fileId(5), file: dumped(path) });
      seen.push(path, claimed);
      closeSync(fd);
    }
  });
  await run('restore', async (call) => {
    const file = { ...dumped('/dev/zero'), provider: null };
    seen.push(await descriptorOf(await call('RESTORE_EXT_FILE', { id: fileId(5), file })));
  });
  expect(seen).toEqual(['/dev/zero', true, '/dev/null', false, '/dev/zero']);
  return seen;
}

test('files', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await bothSides('files', filesThrough);
  expect(said.mock.calls, 'the end of two runs of the old one').toEqual([['keeper: over'], ['keeper: over']]);
});

test.skipIf(compilerMissing)('compiled', async () => {
  const compiler = spawnSync('sh', ['compile.sh'], { cwd: folder, encoding: 'utf8' });
  expect(compiler.stderr).toBe('');
  expect(compiler.status).toBe(0);
  await bothSides('compiled', filesThrough);
});

test('sockets', async () => {
  const path = join(folder, 'service');
  let connections = 0;
  const server = createServer((peer) => {
    connections += 1;
    peer.on('error', () => peer.destroy()).resume();
  }).listen(path);
  clean.push(() => void server.close());
  await vi.waitFor(() => expect(server.listening).toBe(true), 60_000);
  const { connect } = (await import(join(folder, 'connect.mjs'))) as { connect(path: string): number };
  const socket: UnixSocketInfo = {
    type: 'stream',
    name: null,
    peerName: path,
    state: 'connected',
    flags: 2,
    holders: [],
  };

  await bothSides('sockets', async ({ run }) => {
    const seen: unknown[] = [];
    await run('dump', async (call) => {
      const fd = connect(path);
      const inode = socketInode(77);
      seen.push((await call('DUMP_UNIX_SK', { fd, inode, socket })).claimed);
      closeFd(fd);
      const unconnected = syscall('socket', 1, 1, 0);
      const lonely = { ...socket, peerName: null };
      seen.push((await call('DUMP_UNIX_SK', { fd: unconnected, inode: socketInode(78), socket: lonely })).claimed);
      closeFd(unconnected);
    });
    await run('restore', async (call) => {
      seen.push(await descriptorOf(await call('RESTORE_UNIX_SK', { inode: socketInode(77), socket })));
    });
    expect(seen).toEqual([true, false, 'socket:[N]']);
    return seen;
  });
  await vi.waitFor(() => expect(connections, 'one to dump and one restored, on both sides').toBe(4), 60_000);
});

test('mounts and links', async () => {
  const mounts = pretend('mount');
  await bothSides('mounts', async ({ run }) => {
    const seen: unknown[] = [];
    await run('dump', async (call) => {
      for (const mountpoint of ['/data', '/other'])
        seen.push((await call('DUMP_EXT_MOUNT', { id: mountId(3), mountpoint })).claimed);
      for (const kind of ['veth', 'bridge'])
        seen.push((await call('DUMP_EXT_LINK', { index: 2, type: 1, kind })).claimed);
    });
    await run('restore', async (call) => {
      const args = { id: mountId(3), mountpoint: '/data', oldRoot: '/old' };
      const answer = await call('RESTORE_EXT_MOUNT', args);
      // The old function mounts; the new one says what the engine is to bind.
      const told = answer.claimed ? (answer.result as MountSource | undefined) : undefined;
      seen.push(answer.claimed, told === undefined ? mounts() : [`--bind /old${told.source} ${args.mountpoint}`]);
    });
    expect(seen).toEqual([true, false, true, false, true, ['--bind /old/srv/data /data']]);
    return seen;
  });
});

test('mapped devices', async () => {
  const stat = (major: number) => ({
    mode: 0o20600,
    device: { major: 0, minor: 5 },
    inode: 9,
    rdev: { major, minor: 128 },
  });
  await bothSides('maps', async ({ run }) => {
    const seen: unknown[] = [];
    await run('dump', async (call) => {
      for (const major of [226, 10]) seen.push((await call('HANDLE_DEVICE_VMA', { fd: 5, stat: stat(major) })).claimed);
    });
    await run('restore', async (call) => {
      const args = { address: 0x7f00n, oldOffset: 0x2000n };
      expect(await call('UPDATE_VMA_MAP', { path: '/dev/other', ...args })).toMatchObject({ result: undefined });
      const answer = await call('UPDATE_VMA_MAP', { path: '/dev/zero', ...args });
      const { offset, fd } = (answer as unknown as { result: { offset: bigint; fd: OwnedDescriptor } }).result;
      seen.push(offset, readLink(process.pid, `fd/${fd.fd}`));
      await fd.close();
    });
    expect(seen).toEqual([true, false, 0x3000n, '/dev/zero']);
    return seen;
  });
});

test('moments', async () => {
  const calls = pretend('gpu-control');
  await bothSides('moments', async ({ run }) => {
    await run('dump', async (call) => {
      await call('PAUSE_DEVICES', { pid: pid(11) });
      await call('CHECKPOINT_DEVICES', { pid: pid(12) });
      await call('DUMP_DEVICES_LATE', { pid: pid(13) });
    });
    await run('restore', async (call) => {
      await call('RESTORE_INIT', {});
      await call('POST_FORKING', {});
      await call('RESUME_DEVICES_LATE', { pid: pid(14) });
    });
    const seen = calls();
    expect(seen).toEqual(['pause 11', 'checkpoint 12', 'dumped 13', 'begin', 'forked', 'resume 14']);
    return seen;
  });
});

test('the descriptor', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await bothSides('descriptor', async ({ run, log }) => {
    for (const stage of ['dump', 'pre-dump', 'restore'] as const)
      await run(stage, async (call) => void (await call('PAUSE_DEVICES', { pid: pid(15) })));
    const told = log.filter(({ level }) => level === 'info').map(({ message }) => message);
    const printed = said.mock.calls.splice(0).map(([line]) => String(line).replace('watcher: ', ''));
    const seen = [...told, ...printed];
    expect(seen).toContain('pre-dump begins');
    expect(seen).toHaveLength(9);
    return seen;
  });
});
