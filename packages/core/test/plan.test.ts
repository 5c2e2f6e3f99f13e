import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { dump, EngineError, type PlanRow, plan, type Refusal } from '@criujs/core';
import type { FoundRefusal } from '@criujs/engine-kit';
import { decodeImage, type FdinfoEntry, FdTypes } from '@criujs/images';
import { arena, makePipe, memfd, syscall, trySyscall } from '@criujs/linux';
import { definePlugin, type HookExtras, hook, type Plugin } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectFiles } from '../dist/files/collect.js';
import { fileKinds } from '../dist/kinds/files/table.js';
import { createDescriptors, createHolders, eventfd, namedPair, socketPair } from './files-holder.ts';
import { fileOptions } from './files-samples.ts';
import { pretendSession } from './files-session.ts';
import { unknownDevice } from './harness/devices.ts';
import { isRoot, root } from './harness/machine.ts';
import { unknownFile } from './harness/unknown-file.ts';

// What a plan says, and what a dump of the same process then says: every kind of file that the engine knows, and others.

const holders = createHolders();
const descriptors = createDescriptors();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-plan-'));
});

afterEach(async () => {
  descriptors.close();
  await holders.end();
  rmSync(folder, { recursive: true });
});

const closeOnExec = 0o2000000;
/** SOCK_* of socket(2). */
const [stream, datagram, raw] = [1, 2, 3] as const;
const keep = descriptors.keep;

function file(name: string, flags = 'r+'): number {
  writeFileSync(join(folder, name), 'content');
  return keep(openSync(join(folder, name), flags));
}

function deletedFile(): number {
  const fd = file('deleted');
  unlinkSync(join(folder, 'deleted'));
  return fd;
}

function namedPipe(): number {
  execFileSync('mkfifo', [join(folder, 'queue')]);
  return keep(openSync(join(folder, 'queue'), 'r+'));
}

function inotify(): number {
  return keep(syscall('inotify_init1', closeOnExec));
}

/** Only root may have it. fanotify_init(2) */
function fanotify(): number[] {
  const fd = trySyscall('fanotify_init', 1, 0);
  return fd < 0 ? [] : [keep(fd)];
}

/** Only root may have it. packet(7) */
function packets(): number[] {
  const fd = trySyscall('socket', 17, 3 | closeOnExec, 0);
  return fd < 0 ? [] : [keep(fd)];
}

/** The handle of a process that ends with `holders.end()`. */
function passing(): number {
  return keep(syscall('pidfd_open', holders.start({}).pid, 0));
}

function timerfd(): number {
  return keep(syscall('timerfd_create', 1, closeOnExec));
}

function signalfd(): number {
  return keep(arena.scope(() => syscall('signalfd4', -1, arena.alloc(8).address, 8, closeOnExec)));
}

/** A listening socket of this address family, in the kernel's own words for it. */
function listener(family: number, type: number): number {
  const fd = keep(syscall('socket', family, type | closeOnExec, 0));
  // Without an address the kernel chooses one: bind(2) of a family alone for unix(7), the wildcard for ip(7).
  arena.scope(() => {
    const address = arena.alloc(16);
    address.view.setUint16(0, family, true);
    syscall('bind', fd, address.address, family === 1 ? 2 : 16);
  });
  syscall('listen', fd, 1);
  return fd;
}

/** What the engine or a plugin takes. */
function takenFiles(): number[] {
  const pipe = keep(makePipe(closeOnExec));
  const counter = keep(eventfd(3));
  const epoll = keep(syscall('epoll_create1', closeOnExec));
  const [inside] = keep(socketPair());
  const device = keep(openSync('/dev/zero', 'r'));
  const events = [counter, epoll, timerfd(), signalfd(), passing(), inotify(), ...fanotify(), ...packets()];
  const ofInit = keep(openSync('/proc/1/status', 'r'));
  const master = keep(openSync('/dev/ptmx', 'r+'));
  const routes = keep(syscall('socket', 16, 3 | closeOnExec, 0));
  const files = [file('regular'), keep(openSync(folder, 'r')), ofInit, device, routes, master, ...pipe, ...events];
  return [...files, inside, ...keep(socketPair()), ...keep(namedPair()), listener(1, 1), ...internetSockets()];
}

/** TCP that listens, and not; UDP; and raw, which not everybody may have. */
function internetSockets(): number[] {
  const types = isRoot ? [stream, datagram, raw] : [stream, datagram];
  return [
    listener(2, stream),
    ...types.map((type) => keep(syscall('socket', 2, type | closeOnExec, type === raw ? 253 : 0))),
  ];
}

/** What nobody takes without a plugin. */
function othersFiles(): number[] {
  return [
    keep(unknownFile()),
    keep(memfd('cache', Buffer.from('x'))),
    ...(unknownDevice === null ? [] : [keep(openSync(unknownDevice, 'r'))]),
    namedPipe(),
  ];
}

/** What the engine knows and cannot dump. */
function refusedFiles(): number[] {
  const [outside] = keep(makePipe(closeOnExec));
  const outsider = keep(syscall('pidfd_open', process.pid, 0));
  return [outsider, deletedFile(), keep(openSync('/proc/self/status', 'r')), outside];
}

function numbered(fds: readonly number[]): Record<number, number> {
  return Object.fromEntries(fds.map((fd, at) => [at + 3, fd]));
}

const asRefusal = ({ pid, command, resource, why = '', remedy = '' }: PlanRow): Refusal => ({
  pid,
  command,
  resource,
  why,
  remedy,
});
const refused = (rows: readonly PlanRow[]): Refusal[] => rows.filter(({ taker }) => taker === null).map(asRefusal);
const byResource = (a: Refusal, b: Refusal): number => a.resource.localeCompare(b.resource);

/** The types of files that a row's taker stands for. */
function typeOfTaker({ taker }: PlanRow): number | undefined {
  if (taker === null) return undefined;
  return fileKinds.find(({ name, plugins }) =>
    'engine' in taker ? name === taker.engine : plugins?.hook === taker.hook,
  )?.type;
}

/** The types by descriptor, as the plan has them and as the images do. */
function plannedTypes(rows: readonly PlanRow[]): Map<number, number | undefined> {
  return new Map(rows.flatMap((row) => (row.descriptors ?? []).map((fd) => [fd, typeOfTaker(row)] as const)));
}

function typesOf(entries: readonly Pick<FdinfoEntry, 'fd' | 'type'>[]): Map<number, number | undefined> {
  return new Map(entries.map(({ fd, type }) => [fd, type]));
}

const takesAll = (extras: HookExtras<'DUMP_EXT_FILE'> = {}, name = 'all'): Plugin =>
  definePlugin({
    name,
    hooks: [hook('DUMP_EXT_FILE', () => {}, extras), hook('DUMP_UNIX_SK', () => {})],
  });

describe('a plan and the dump that follows', () => {
  test('refuse the same, in the same words', async () => {
    const fds = [...takenFiles(), ...othersFiles(), ...refusedFiles()];
    await holders.end();
    const held = holders.start(numbered(fds));
    const { rows, verdict, possible } = await plan({ pid: held.pid, ...fileOptions });
    expect([verdict, possible]).toEqual(['refused', false]);
    const planned = refused(rows);
    expect(planned.length).toBeGreaterThan(6);

    const error: unknown = await dump({ pid: held.pid, images: join(folder, 'images'), ...fileOptions }).catch(
      (it: unknown) => it,
    );
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).refusals).toEqual(planned);

    // What the dump would find once everything stands still.
    const files = collectFiles([held], fileOptions, pretendSession());
    const found = files.refusals.map(({ questions: _, ...refusal }: FoundRefusal) => refusal);
    expect(found.sort(byResource)).toEqual([...planned].sort(byResource));
    const takenOnly = [...plannedTypes(rows)].filter(([, type]) => type !== undefined);
    expect([...typesOf(files.fdinfo(held.pid))]).toEqual(takenOnly);
  });

  test('take the same, as the same kinds; every kind that the engine has is among them', async () => {
    const fds = [...takenFiles(), ...othersFiles(), ...refusedFiles()];
    await holders.end();
    const held = holders.start(numbered([...fds, fds[0] ?? 0]));
    const plugins = [takesAll({ claim: () => true })];
    const { rows, verdict } = await plan({ pid: held.pid, plugins });
    expect(refused(rows)).toEqual([]);
    expect(verdict).toBe('ready');
    const takers = rows.flatMap(({ taker }) =>
      taker === null ? [] : 'engine' in taker ? [taker.engine] : [taker.hook],
    );
    const ofRoot: readonly FdTypes[] = [FdTypes.FANOTIFY, FdTypes.PACKETSK];
    // A ring of io_uring has memory that must be mapped: nodes.test.ts. Connections need an option: connections.test.ts.
    const elsewhere = ['TCP connection', 'TCP connection that is over'];
    const others = fileKinds.filter(
      ({ type, onlyOfCriu, name }) => !onlyOfCriu && type !== FdTypes.UND && !elsewhere.includes(name),
    );
    for (const { name, type, plugins: its } of others)
      if (isRoot || !(ofRoot.includes(type) || name === 'raw socket')) expect(takers).toContain(its?.hook ?? name);

    const images = join(folder, 'images');
    await dump({ pid: held.pid, images, leaveRunning: true, plugins });
    const table = readdirSync(images).find((it) => it.startsWith('fdinfo-')) ?? '';
    const dumped = decodeImage('FDINFO', readFileSync(join(images, table))).map(({ message }) => message);
    expect([...typesOf(dumped)].sort()).toEqual([...plannedTypes(rows)].sort());
    const one = rows.find(({ descriptors: numbers }) => numbers?.includes(3));
    expect(one?.resource).toMatch(/^descriptors 3,\d+: .*regular$/);
    expect(one?.resource.endsWith(`: ${one.file}`)).toBe(true);
  });
});

describe('claims', () => {
  const claimOf = (rows: readonly PlanRow[], fd: number): PlanRow | undefined =>
    rows.find(({ descriptors: numbers }) => numbers?.includes(fd));

  test('name the plugin that takes a file; without one a plugin is asked at the dump', async () => {
    const { pid } = holders.start({ 3: keep(unknownFile()), 4: keep(unknownFile()), 5: keep(socketPair())[0] });
    const timers = definePlugin({
      name: 'timers',
      hooks: [hook('DUMP_EXT_FILE', () => {}, { claim: ({ file }) => file.holders.some(({ fd }) => fd === 3) })],
    });
    const sockets = definePlugin({
      name: 'sockets',
      hooks: [hook('DUMP_UNIX_SK', () => {}, { claim: async ({ socket }) => socket.type === 'stream' })],
    });
    const { rows } = await plan({ pid, plugins: [timers, sockets] });
    expect(claimOf(rows, 3)?.taker).toEqual({ plugin: 'timers', hook: 'DUMP_EXT_FILE', claimed: true, asked: [] });
    expect(claimOf(rows, 4)).toMatchObject({
      taker: null,
      why: expect.stringContaining('plugin timers does not claim'),
    });
    expect(claimOf(rows, 5)).toMatchObject({ subject: 'socket', taker: { plugin: 'sockets', claimed: true } });

    const silent = await plan({ pid, plugins: [timers, takesAll({}, 'silent')] });
    expect(silent.verdict).toBe('ready');
    expect(claimOf(silent.rows, 4)?.taker).toEqual({
      plugin: 'silent',
      hook: 'DUMP_EXT_FILE',
      claimed: false,
      asked: ['silent'],
    });
  });

  test('of two plugins on one file are a conflict; one that fails leaves it without a taker', async () => {
    const { pid } = holders.start({ 3: keep(unknownFile()) });
    const yes = { claim: () => true };
    const conflict = await plan({ pid, plugins: [takesAll(yes, 'one'), takesAll(yes, 'two')] });
    expect(conflict).toMatchObject({ verdict: 'conflict', possible: false });
    expect(claimOf(conflict.rows, 3)).toMatchObject({
      conflict: ['one', 'two'],
      taker: { plugin: 'one', claimed: true },
      why: expect.stringContaining('plugins one and two'),
    });
    const hangs = takesAll({ claim: () => new Promise(() => {}) }, 'hangs');
    const failed = await plan({ pid, plugins: [hangs], hookDeadline: 50 });
    expect(claimOf(failed.rows, 3)).toMatchObject({
      taker: null,
      why: expect.stringContaining('did not answer within 50 ms'),
    });
  });

  test('that block the thread end the process with the reason', async () => {
    const { pid } = holders.start({ 3: keep(unknownFile()) });
    const program = join(folder, 'blocked.mjs');
    const modules = (name: string): string => resolve(root, 'packages', name, 'dist/index.js');
    writeFileSync(
      program,
      `import { plan } from ${JSON.stringify(modules('core'))};
       import { definePlugin, hook } from ${JSON.stringify(modules('plugin-sdk'))};
       const claim = () => { for (;;); };
       const plugins = [definePlugin({ name: 'loop', hooks: [hook('DUMP_EXT_FILE', () => {}, { claim })] })];
       await plan({ pid: ${pid}, plugins, hookDeadline: 100 });`,
    );
    const { status, stderr } = failure(() => execFileSync(process.execPath, [program], { stdio: 'pipe' }));
    expect(stderr).toContain('a plugin blocks the main thread');
    expect(status).toBe(4);
  });
});

function failure(body: () => unknown): { status: number | null; stderr: string } {
  try {
    body();
  } catch (error) {
    const { status, stderr } = error as { status: number | null; stderr: Buffer };
    return { status, stderr: stderr.toString() };
  }
  throw new Error('it did not fail');
}

describe('a plan', () => {
  test('starts no thread and reads no schema of images', () => {
    const reached = modulesFrom(join(root, 'packages/core/dist/run/plan.js'));
    expect(reached.files.length).toBeGreaterThan(30);
    expect(reached.packages).toContain('@criujs/linux');
    expect(reached.packages).not.toContain('@criujs/images');
    expect(reached.files.filter((it) => it.endsWith('run/thread.js'))).toEqual([]);
  });

  test('of another process than a program is refused as a dump is', async () => {
    await expect(plan({ pid: process.pid })).rejects.toMatchObject({ code: 'OWN_PROCESS' });
    await expect(plan({ pid: 2 ** 22 + 1 })).rejects.toMatchObject({ code: 'NO_SUCH_PROCESS' });
    await expect(plan({ pid: 0 })).rejects.toMatchObject({ code: 'BAD_OPTION' });
    const { pid } = holders.start({});
    await expect(plan({ pid, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(plan({ pid, plugins: ['./nowhere.ts'] })).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
  });
});

/** All modules that one imports, also late and of the kit of engines, and the other packages that they name. */
function modulesFrom(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?['"]([^'"]+)['"]/g)) {
      const kit = /^@criujs\/engine-kit(?:\/(.+))?$/.exec(name);
      if (name.startsWith('.')) queue.push(join(dirname(path), name));
      else if (kit !== null) queue.push(join(root, 'packages/engine-kit/dist', kit[1] ?? '.', 'index.js'));
      else packages.add(name);
    }
  }
  return { files: [...files], packages: [...packages] };
}
