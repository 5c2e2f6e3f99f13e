import {
  appendFileSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecords, encodeRecords, readOptions } from '@criujs/engine-kit';
import { decodeImage, encodeImage, type FdinfoEntry, FdTypes, RemapType } from '@criujs/images';
import { arena, duplicate, getFlags, makePipe, readFdinfo, sameFile, setFlags, syscall } from '@criujs/linux';
import { retryLater } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { smallImages } from '../dist/engine/dump/small-images.js';
import { collectFiles } from '../dist/files/collect.js';
import { openFiles } from '../dist/files/open.js';
import type { OpenedFiles } from '../dist/files/opened.js';
import {
  boundSocket,
  createDescriptors,
  createHolders,
  eventfd,
  getOwner,
  setOwner,
  socketPair,
  watch,
} from './files-holder.ts';
import { fileOptions, noPlace } from './files-samples.ts';
import { type PretendHooks, type PretendSession, pretendSession } from './files-session.ts';
import { unknownFile } from './harness/unknown-file.ts';

/** No memory map is a plugin's. */
const none: ReadonlySet<number> = new Set();
/** No dump here has kept anything. */
const noRelease = (): void => undefined;
const noLocks = readOptions('restore', {});

const holders = createHolders();
const descriptors = createDescriptors();
const sessions: PretendSession[] = [];
const restored: OpenedFiles[] = [];
let folder = '';
let before: string[] = [];

/** What this process has open: nothing of it may be left over or gone. */
function ownDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
      } catch {
        return [];
      }
    })
    .filter((row) => !row.includes('/proc/'));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-files-'));
  before = ownDescriptors();
});

afterEach(async () => {
  for (const opened of restored.splice(0)) opened.close();
  for (const session of sessions.splice(0)) session.end();
  descriptors.close();
  await holders.end();
  rmSync(folder, { recursive: true });
  expect(ownDescriptors()).toEqual(before);
});

/** A dump of programs that hold these descriptors; they end. */
async function dump(
  tables: readonly Readonly<Record<number, number>>[],
  hooks: PretendHooks = {},
): Promise<{ images: Map<string, Uint8Array>; fdinfo: Map<number, FdinfoEntry[]>; pids: number[] }> {
  const tree = tables.map((table) => holders.start(table));
  const session = pretendSession(hooks);
  const files = collectFiles(tree, fileOptions, session);
  expect(files.refusals).toEqual([]);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const fdinfo = new Map(tree.map(({ pid }, at) => [at + 2, files.fdinfo(pid).filter(({ fd }) => fd > 2)]));
  await holders.end();
  descriptors.close();
  return { images: session.images, fdinfo, pids: tree.map(({ pid }) => pid) };
}

type Dumped = Awaited<ReturnType<typeof dump>>;

/** Opens what a dump has. */
function restore(
  { images, fdinfo }: Dumped,
  hooks: PretendHooks = {},
): { files: OpenedFiles; session: PretendSession } {
  const session = pretendSession(hooks, images);
  sessions.push(session);
  const entries = decodeImage('FILES', images.get('files.img') ?? new Uint8Array()).map(({ message }) => message);
  const files = openFiles({ files: entries, fdinfo, devices: none, owners: new Map() }, session, noRelease, noLocks);
  restored.push(files);
  return { files, session };
}

/** The engine's descriptor for a number of a table. */
function at(files: OpenedFiles, filesId: number, fd: number): number {
  return files.placements(filesId).find((placement) => placement.fd === fd)?.source ?? -1;
}

const same = (a: number, b: number): boolean => sameFile(process.pid, a, process.pid, b);

test('files come back with position and flags, shared where they were shared, and nothing is truncated', async () => {
  const path = join(folder, 'data');
  writeFileSync(path, 'some content');
  const [a, b] = descriptors.keep([openSync(path, 'r+'), openSync(path, 'a')]);
  readSync(a, Buffer.alloc(5));
  const dumped = await dump([{ 3: a, 4: a, 5: b }, { 9: a }]);
  const { files } = restore(dumped);
  expect(same(at(files, 2, 3), at(files, 2, 4))).toBe(true);
  expect(same(at(files, 2, 3), at(files, 3, 9))).toBe(true);
  expect(same(at(files, 2, 3), at(files, 2, 5))).toBe(false);
  const bytes = Buffer.alloc(20);
  expect(bytes.subarray(0, readSync(at(files, 3, 9), bytes)).toString()).toBe('content');
  expect(getFlags(at(files, 2, 5)) & 0o2003).toBe(0o2001);
  for (const { source } of files.placements(2)) expect(readFdinfo(process.pid, source).flags & 0o2000000).toBeTruthy();
});

test('directories, /dev/null and mapped files', async () => {
  const [root, nothing] = descriptors.keep([openSync(folder, 'r'), openSync('/dev/null', 'r+')]);
  const dumped = await dump([{ 3: root, 4: nothing }]);
  const { files } = restore(dumped);
  expect(readdirSync(`/proc/self/fd/${at(files, 2, 3)}`)).toEqual([]);
  expect(fstatSync(at(files, 2, 4)).rdev).toBe(0x103);
  const id = dumped.fdinfo.get(2)?.[0]?.id ?? 0;
  expect(files.isForeignRoot(id)).toBe(true);
  expect(files.directory(id)).toBe(files.directory(id));
  syscall('fchdir', files.directory(id));
  expect(readlinkSync('/proc/self/cwd')).toBe(folder);
  syscall('fchdir', openRoot());
});

function openRoot(): number {
  return descriptors.keep(openSync('/', 'r'));
}

test('a pipe comes back with its content, flags and both ends; a closed end stays closed', async () => {
  const [readEnd, writeEnd] = descriptors.keep(makePipe());
  const [orphan, closed] = descriptors.keep(makePipe());
  writeSync(writeEnd, 'waiting');
  writeSync(closed, 'last words');
  descriptors.drop(closed);
  setFlags(readEnd, 0o4000);
  const { files } = restore(await dump([{ 3: readEnd, 5: orphan }, { 4: writeEnd }]));
  const [read, write, last] = [at(files, 2, 3), at(files, 3, 4), at(files, 2, 5)];
  expect([getFlags(read), getFlags(write)]).toEqual([0o4000, 1]);
  writeSync(write, ' and more');
  const bytes = Buffer.alloc(100);
  expect(bytes.subarray(0, readSync(read, bytes)).toString()).toBe('waiting and more');
  expect(bytes.subarray(0, readSync(last, bytes)).toString()).toBe('last words');
  expect(readSync(last, bytes)).toBe(0);
});

test('counters count on, as semaphores too, and beyond 32 bits', async () => {
  const [plain, semaphore, large] = descriptors.keep([eventfd(7), eventfd(2, 1 | 0o4000), eventfd(0)]);
  writeSync(large, Buffer.from(new BigUint64Array([2n ** 40n + 1n]).buffer));
  const { files } = restore(await dump([{ 3: plain, 4: semaphore, 5: large }]));
  const value = (fd: number): bigint => {
    const bytes = Buffer.alloc(8);
    readSync(fd, bytes);
    return bytes.readBigUInt64LE();
  };
  expect([3, 4, 4, 5].map((fd) => value(at(files, 2, fd)))).toEqual([7n, 1n, 1n, 2n ** 40n + 1n]);
  expect(getFlags(at(files, 2, 4)) & 0o4000).toBe(0o4000);
});

/** What is left of a timer, in seconds. timerfd_gettime(2) */
function secondsLeft(fd: number): number {
  return arena.scope(() => {
    const spec = arena.alloc(32);
    syscall('timerfd_gettime', fd, spec.address);
    return Number(spec.view.getBigInt64(16, true));
  });
}

test('a timer that was set to a moment of the wall clock expires at that moment; others run on with what was left', async () => {
  const [realtime, monotonic, absolute] = [0, 1, 1];
  const set = (clock: number, flags: number, seconds: number): number => {
    const fd = descriptors.keep(syscall('timerfd_create', clock, 0o2000000));
    arena.scope(() => {
      const spec = arena.alloc(32);
      spec.view.setBigInt64(16, BigInt(seconds), true);
      syscall('timerfd_settime', fd, flags, spec.address, 0);
    });
    return fd;
  };
  const hour = 3600;
  const now = Math.floor(Date.now() / 1000);
  const dumped = await dump([{ 3: set(realtime, absolute, now + 9 * hour), 4: set(monotonic, 0, 9 * hour) }]);
  const records = decodeRecords(dumped.images.get('criujs.json') ?? new Uint8Array());
  const [timer, ...others] = records.timers ?? [];
  expect(others).toEqual([]);
  const moment = BigInt(now + 9 * hour) * 10n ** 9n;
  expect(Number((timer?.expires ?? 0n) - moment) / 1e9).toBeCloseTo(0, 0);
  // Five hours later, as far as the records know.
  const later = { ...records, timers: [{ id: timer?.id ?? 0, expires: moment - BigInt(5 * hour) * 10n ** 9n }] };
  dumped.images.set('criujs.json', encodeRecords(later));
  const { files, session } = restore(dumped);
  expect([3, 4].map((fd) => secondsLeft(at(files, 2, fd)))).toEqual([0, 0]);
  files.start();
  expect([3, 4].map((fd) => Math.round(secondsLeft(at(files, 2, fd)) / hour))).toEqual([4, 9]);
  expect(session.warnings).toEqual([]);
});

test.each([
  [{ clockid: 3 }, 'the clock of a timerfd is 3'],
  [{ settimeFlags: 4 }, 'the flags of a timerfd is 4'],
  [{ vnsec: 10n ** 9n }, 'the rest of a timerfd in nanoseconds is 1000000000'],
])('an impossible timer is refused: %o', async (damage, message) => {
  const dumped = await dump([{ 3: descriptors.keep(syscall('timerfd_create', 1, 0o2000000)) }]);
  const records = decodeImage('FILES', dumped.images.get('files.img') ?? new Uint8Array());
  for (const { message: entry } of records) if (entry.tfd !== undefined) Object.assign(entry.tfd, damage);
  dumped.images.set('files.img', encodeImage('FILES', records));
  expect(() => restore(dumped)).toThrow(message);
});

test('an epoll watches again after the calls that its task is given', async () => {
  const target = descriptors.keep(duplicate(descriptors.keep(eventfd(1)), { atLeast: 60 }));
  const epoll = descriptors.keep(syscall('epoll_create1', 0o2000000));
  watch(epoll, target, 0x8000_0001, 77n);
  const { files } = restore(await dump([{ 3: epoll, [target]: target }, { 8: epoll }]));
  expect(files.afterTasks(3, [3])).toEqual([]);
  const [call, ...others] = files.afterTasks(2, [2]);
  expect(others).toEqual([]);
  expect(call).toMatchObject({ name: 'epoll_ctl', args: [3, 1, target, expect.any(Uint8Array)] });
  expect(Buffer.from(call?.args[3] as Uint8Array).toString('hex')).toBe('190000804d00000000000000');
});

test('the owner of signals is set under its pid of now, and with the user of then', async () => {
  const counter = descriptors.keep(eventfd(0));
  const tree = [holders.start({ 3: counter })];
  setOwner(counter, 1, tree[0]?.pid ?? 0);
  const session = pretendSession();
  const collected = collectFiles(tree, fileOptions, session);
  collected.write(smallImages(session.store, false));
  collected.record(smallImages(session.store, false), []);
  const fdinfo = new Map([[2, collected.fdinfo(tree[0]?.pid ?? 0)]]);
  const { files, session: restoring } = restore({ images: session.images, fdinfo, pids: [] });
  files.afterFork((old) => (old === tree[0]?.pid ? process.pid : old), noPlace);
  expect(getOwner(at(files, 2, 3))).toEqual({ type: 1, pid: process.pid });
  expect(restoring.warnings).toEqual([]);
});

test('an external file is opened by its plugin, which is told what was recorded', async () => {
  const path = join(folder, 'device');
  writeFileSync(path, '0123456789');
  const timer = descriptors.keep(unknownFile());
  setFlags(timer, 0o4000);
  const dumped = await dump([{ 3: timer, 4: timer }], { DUMP_EXT_FILE: () => undefined });
  let answered = -1;
  const { files, session } = restore(dumped, {
    RESTORE_EXT_FILE: ({ id, file }, provider) => {
      expect(provider).toBe('pretend');
      expect(file).toMatchObject({ path: 'anon_inode:[userfaultfd]', flags: 0o4000, provider: { version: '1.0.0' } });
      expect(dumped.fdinfo.get(2)?.[0]?.id).toBe(id);
      answered = unknownFile();
      return answered;
    },
  });
  expect(session.calls).toHaveLength(1);
  const fd = at(files, 2, 4);
  expect([fd === answered, same(fd, answered), getFlags(fd) & 0o4000]).toEqual([false, true, 0]);
  files.afterFork((pid) => pid, noPlace);
  expect(getFlags(fd) & 0o4000).toBe(0o4000);
  expect(session.warnings).toEqual([]);
  expect(files.mapping(dumped.fdinfo.get(2)?.[0]?.id ?? 0, 'write')).toBe(fd);
});

test('position and append of an external file that has such', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, '0123456789');
  const dumped = await dump([{ 3: descriptors.keep(unknownFile()) }], { DUMP_EXT_FILE: () => undefined });
  const records = JSON.parse(Buffer.from(dumped.images.get('criujs.json') ?? []).toString());
  Object.assign(records.externals[0].file, { position: '4', flags: 0o2002 });
  dumped.images.set('criujs.json', Buffer.from(JSON.stringify(records)));
  const { files } = restore(dumped, { RESTORE_EXT_FILE: () => openSync(path, 'r+') });
  files.afterFork((pid) => pid, noPlace);
  const info = readFdinfo(process.pid, at(files, 2, 3));
  expect([info.position, info.flags & 0o2000]).toEqual([4n, 0o2000]);
});

test('a plugin that answers "later" is asked again when the others are open', async () => {
  const dumped = await dump([{ 3: descriptors.keep(unknownFile()), 4: descriptors.keep(unknownFile()) }], {
    DUMP_EXT_FILE: () => undefined,
  });
  const order: number[] = [];
  const { files } = restore(dumped, {
    RESTORE_EXT_FILE: ({ id }) => {
      order.push(id);
      return order.length === 1 ? retryLater : unknownFile();
    },
  });
  const [first, second] = dumped.fdinfo.get(2)?.map(({ id }) => id) ?? [];
  expect(order).toEqual([first, second, first]);
  expect(files.placements(2)).toHaveLength(2);
});

test.each<[string, PretendHooks, string]>([
  ['nobody', {}, 'PLUGIN_FAILED'],
  ['a plugin with no descriptor', { RESTORE_EXT_FILE: () => 9_999 }, 'HOOK_BAD_RESULT'],
])('%s opens an external file: an error, and nothing is left open', async (_who, hooks, code) => {
  const path = join(folder, 'data');
  writeFileSync(path, '');
  const dumped = await dump([{ 3: descriptors.keep(openSync(path, 'r')), 4: descriptors.keep(unknownFile()) }], {
    DUMP_EXT_FILE: () => undefined,
  });
  const open = ownDescriptors();
  const answers = hooks.RESTORE_EXT_FILE;
  const session = pretendSession({}, dumped.images);
  const call = ((hook: string) => {
    expect(hook).toBe('RESTORE_EXT_FILE');
    return answers ? { claimed: true, plugin: 'pretend', version: undefined, result: 9_999 } : { claimed: false };
  }) as PretendSession['hooks']['call'];
  const entries = decodeImage('FILES', dumped.images.get('files.img') ?? new Uint8Array());
  expect(() =>
    openFiles(
      { files: entries.map(({ message }) => message), fdinfo: dumped.fdinfo, devices: none, owners: new Map() },
      { ...session, hooks: { ...session.hooks, call } },
      noRelease,
      noLocks,
    ),
  ).toThrow(expect.objectContaining({ code }));
  expect(ownDescriptors()).toEqual(open);
});

test('images of CRIU have no records: plugins are asked with what files.img tells', async () => {
  const dumped = await dump([{ 3: descriptors.keep(unknownFile()) }], { DUMP_EXT_FILE: () => undefined });
  dumped.images.delete('criujs.json');
  const { files, session } = restore(dumped, { RESTORE_EXT_FILE: () => unknownFile() });
  expect(session.calls[0]?.args).toMatchObject({ file: { path: null, flags: 0, provider: null } });
  files.afterFork((pid) => pid, noPlace);
  expect(session.warnings).toEqual([]);
});

test('records that do not know an external file are refused', async () => {
  const dumped = await dump([{ 3: descriptors.keep(unknownFile()) }], { DUMP_EXT_FILE: () => undefined });
  dumped.images.set('criujs.json', Buffer.from('{"format":"criujs","version":1,"externals":[],"sockets":[]}'));
  expect(() => restore(dumped, { RESTORE_EXT_FILE: () => unknownFile() })).toThrow(/criujs.json does not know/);
});

test('a unix socket is connected by its plugin', async () => {
  const [ours] = descriptors.keep(socketPair());
  setFlags(ours, 0o4002);
  const dumped = await dump([{ 3: ours }], { DUMP_UNIX_SK: () => undefined });
  let peer = -1;
  const { files, session } = restore(dumped, {
    RESTORE_UNIX_SK: ({ socket }) => {
      expect(socket).toMatchObject({ type: 'stream', state: 'connected', flags: 0o4002 });
      const [one, other] = socketPair();
      peer = descriptors.keep(other);
      return one;
    },
  });
  expect(session.calls).toHaveLength(1);
  files.afterFork((pid) => pid, noPlace);
  writeSync(peer, 'hello');
  const bytes = Buffer.alloc(10);
  expect(bytes.subarray(0, readSync(at(files, 2, 3), bytes)).toString()).toBe('hello');
  expect(getFlags(at(files, 2, 3)) & 0o4000).toBe(0o4000);
});

describe('the name that a unix socket left', () => {
  const datagram = 2;

  /** A dump of a datagram socket that was bound to a path and connected to a service. */
  async function dumpNamed(): Promise<{ readonly path: string; readonly dumped: Dumped }> {
    const [path, hub] = [join(folder, 'client'), join(folder, 'hub')];
    descriptors.keep(boundSocket(datagram, hub));
    const client = descriptors.keep(boundSocket(datagram, path, hub));
    return { path, dumped: await dump([{ 3: client }], { DUMP_UNIX_SK: () => undefined }) };
  }

  /** Restores it with a plugin that does nothing about the name; tells whether something was there when it was asked. */
  function restoreAt(path: string, dumped: Dumped): { readonly wasThere: boolean; readonly warnings: string[] } {
    let wasThere = false;
    const { session } = restore(dumped, {
      RESTORE_UNIX_SK: ({ socket }) => {
        expect(socket.name).toBe(path);
        wasThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
        return wasThere ? unknownFile() : boundSocket(datagram, path);
      },
    });
    return { wasThere, warnings: session.warnings };
  }

  test('is removed before the plugin is asked, which binds it again', async () => {
    const { path, dumped } = await dumpNamed();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(restoreAt(path, dumped)).toEqual({ wasThere: false, warnings: [] });
    expect(lstatSync(path).isSocket()).toBe(true);
  });

  test('is found by its directory in images of CRIU, where it may be relative', async () => {
    const { path, dumped } = await dumpNamed();
    dumped.images.delete('criujs.json');
    const entries = decodeImage('FILES', dumped.images.get('files.img') ?? new Uint8Array()).map(({ message }) => {
      if (message.usk?.name.length && message.usk.uflags === 4) {
        message.usk.name = Buffer.from('client\0');
        message.usk.nameDir = folder;
      }
      return { message };
    });
    dumped.images.set('files.img', encodeImage('FILES', entries));
    let wasThere = true;
    restore(dumped, {
      RESTORE_UNIX_SK: ({ socket }) => {
        expect(socket.name).toBe('client');
        wasThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
        return unknownFile();
      },
    });
    expect(wasThere).toBe(false);
  });

  test('stays when a living socket has it, of whatever type, or when it is no socket', async () => {
    const { path, dumped } = await dumpNamed();
    for (const type of [1, datagram, 5]) {
      rmSync(path);
      const living = descriptors.keep(boundSocket(type, path));
      const { ino } = lstatSync(path);
      expect(restoreAt(path, dumped)).toEqual({ wasThere: true, warnings: [] });
      expect(lstatSync(path).ino).toBe(ino);
      descriptors.drop(living);
    }
    const dead = join(folder, 'dead');
    renameSync(path, dead);
    for (const make of [() => writeFileSync(path, 'x'), () => symlinkSync(dead, path), () => mkdirSync(path)]) {
      make();
      expect(restoreAt(path, dumped)).toEqual({ wasThere: true, warnings: [] });
      rmSync(path, { recursive: true });
    }
    expect(lstatSync(dead).isSocket()).toBe(true);
  });
});

test('nothing is opened and nobody asked when a file has changed', async () => {
  const path = join(folder, 'data');
  writeFileSync(path, 'x');
  const dumped = await dump([{ 3: descriptors.keep(openSync(path, 'r')), 4: descriptors.keep(unknownFile()) }], {
    DUMP_EXT_FILE: () => undefined,
  });
  appendFileSync(path, 'y');
  let asked = 0;
  const hooks: PretendHooks = { RESTORE_EXT_FILE: () => ++asked };
  expect(() => restore(dumped, hooks)).toThrow(expect.objectContaining({ code: 'FILE_CHANGED', resource: path }));
  rmSync(path);
  expect(() => restore(dumped, hooks)).toThrow(expect.objectContaining({ code: 'FILE_MISSING', resource: path }));
  expect(asked).toBe(0);
});

test('kinds that cannot be restored yet are refused before anything is opened', async () => {
  const dumped = await dump([{ 3: descriptors.keep(eventfd(0)) }]);
  const [known] = decodeImage('FILES', dumped.images.get('files.img') ?? new Uint8Array()).map(
    ({ message }) => message,
  );
  const entries = [known!, { ...known!, type: FdTypes.TUNF, id: 99 }];
  expect(() =>
    openFiles(
      { files: entries, fdinfo: new Map(), devices: none, owners: new Map() },
      pretendSession(),
      noRelease,
      noLocks,
    ),
  ).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('TUNF') }));
  const remap = { origId: known!.id, remapId: 2, remapType: RemapType.PROCFS };
  const images = new Map([['remap-fpath.img', encodeImage('REMAP_FPATH', [{ message: remap }])]]);
  const file = { ...known!, type: FdTypes.REG };
  expect(() =>
    openFiles(
      { files: [file], fdinfo: new Map(), devices: none, owners: new Map() },
      pretendSession({}, images),
      noRelease,
      noLocks,
    ),
  ).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
