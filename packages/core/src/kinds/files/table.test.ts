import { closeSync, mkdtempSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileOptions } from '@criujs/engine-kit';
import type { UnixSocket } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileOptions, sampleFile, sampleTree } from '../../../test/files-samples.ts';
import type { SeenFile, Tree } from './kind.ts';
import { fileKinds, recognise, whyNoPlugin } from './table.ts';

const regular = 0o100644;
const character = 0o020600;
let folder = '';
const descriptors: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-kinds-'));
});

afterEach(() => {
  for (const fd of descriptors.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true });
});

/** The kind that takes it, those through which plugins are asked, or `file: why` of the refusal. */
function answerFor(file: SeenFile, tree: Tree = sampleTree()): string {
  const recognised = recognise(file, tree);
  const { engine, byPlugins, refusal } = recognised;
  if (engine !== null) return engine.name;
  if (byPlugins.length > 0) return byPlugins.map(({ name }) => name).join(', then ');
  const problem = refusal(whyNoPlugin(recognised));
  return `${problem.file}: ${problem.why}`;
}

function realFile(name: string, more: Partial<Parameters<typeof sampleFile>[0]> = {}): SeenFile {
  const path = join(folder, name);
  writeFileSync(path, 'content');
  return sampleFile({ link: path, stat: statSync(path, { bigint: true }), ...more });
}

test('the external kind is asked last, and only kinds that plugins dump have a hook', () => {
  expect(fileKinds.at(-1)?.name).toBe('external file');
  expect(fileKinds.flatMap(({ plugins }) => plugins?.hook ?? [])).toEqual(['DUMP_UNIX_SK', 'DUMP_EXT_FILE']);
});

test('files, directories and what O_PATH points at are kept by name', () => {
  expect(answerFor(realFile('a'))).toBe('regular file');
  expect(answerFor(realFile('name (deleted)'))).toBe('regular file');
  expect(answerFor(sampleFile({ link: folder, stat: statSync(folder, { bigint: true }) }))).toBe('directory');
  const device = statSync('/dev/null', { bigint: true });
  expect(answerFor(sampleFile({ link: '/dev/null', stat: device, flags: 0o10000000 }))).toBe('regular file');
});

/** A file that has lost the name it was opened by. */
function deletedFile(name: string, lose: (path: string) => void = rmSync): SeenFile {
  const { link } = realFile(name);
  const fd = openSync(link, 'r');
  descriptors.push(fd);
  lose(link);
  const handle = `/proc/self/fd/${fd}`;
  return { ...sampleFile({ link: `${link} (deleted)`, stat: statSync(handle, { bigint: true }) }), handle };
}

test('a file without any name is a deleted file, up to a limit; one that has others if it may get a new one', () => {
  const may = (options: Partial<FileOptions>): Tree => sampleTree({ options: { ...fileOptions, ...options } });
  const bytes = Buffer.byteLength('content');
  expect(answerFor(deletedFile('b'), may({ ghostLimit: bytes }))).toBe('deleted file');
  expect(answerFor(deletedFile('b'), may({ ghostLimit: bytes - 1 }))).toMatch(/^deleted file .*\/b: .* holds 7 bytes/);
  const taken = deletedFile('c', (path) => renameSync(realFile('d').link, path));
  expect(answerFor(taken, may({ ghostLimit: bytes }))).toBe('deleted file');

  const lose = (path: string): void => renameSync(path, join(folder, 'f'));
  expect(answerFor(deletedFile('e', lose), may({ ghostLimit: bytes }))).toMatch(/^deleted file .*\/e: .*has others/);
  expect(answerFor(deletedFile('e', lose), may({ linkRemap: true }))).toBe('deleted file');
  const gone = { ...deletedFile('e', lose), link: '/nowhere/at/all (deleted)' };
  expect(answerFor(gone, may({ linkRemap: true }))).toMatch(
    /can get no new name in \/nowhere\/at \(ENOENT\)|file system/,
  );

  // Another one is under its path, and nothing says that the name is gone: a mount lies over it.
  const hidden = realFile('g');
  renameSync(realFile('h').link, hidden.link);
  expect(answerFor(hidden)).toMatch(/another file has that path by now/);
});

test('anonymous shared memory that a descriptor leads to is refused by its name', () => {
  const held = sampleFile({ link: '/dev/zero (deleted)', mode: 0o100777 });
  expect(answerFor(held)).toMatch(/^anonymous shared memory: a process holds it by a descriptor/);
});

test('a file with the kernel’s mark in its own name is no deleted one, unless it is deleted', () => {
  expect(answerFor(realFile('x (deleted)'))).toBe('regular file');
  const tree = sampleTree({ options: { ...fileOptions, ghostLimit: 100 } });
  expect(answerFor(deletedFile('y (deleted)'), tree)).toBe('deleted file');
});

test('a locked file and a file of a process are refused', () => {
  const info = { locks: ['1: FLOCK  ADVISORY  WRITE 4242 00:20:12 0 EOF'] };
  expect(answerFor(realFile('g', { info }))).toMatch(/holds a lock/);
  const path = `/proc/${process.pid}/status`;
  expect(answerFor(sampleFile({ link: path, stat: statSync(path, { bigint: true }) }))).toMatch(/belongs to a process/);
});

test('/dev/null and its kin are the engine’s, other devices are not', () => {
  const stat = statSync('/dev/null', { bigint: true });
  expect(answerFor(sampleFile({ link: '/dev/null', stat }))).toBe('device without state');
  expect(answerFor(sampleFile({ link: '/gone/null', mode: character, rdev: [1, 3] }))).toMatch(/not to be found/);
  const fuse = sampleFile({ link: '/dev/fuse', mode: character, rdev: [10, 229] });
  expect(answerFor(fuse)).toBe(
    '/dev/fuse (character device 10:229): no kind of file in the engine takes it, and no plugin is loaded for it',
  );
  expect(answerFor(fuse, sampleTree({ serves: (hook) => hook === 'DUMP_EXT_FILE' }))).toBe('external file');
});

test.each([
  ['anon_inode:[timerfd]', 0o600, 'timer descriptor (timerfd)'],
  ['anon_inode:[signalfd]', 0o600, 'signal descriptor (signalfd)'],
  ['anon_inode:inotify', 0o600, 'file watch (inotify)'],
  ['anon_inode:kvm-vm', 0o600, 'anonymous file kvm-vm'],
  ['/memfd:cache (deleted)', regular, 'memory file cache (memfd)'],
  ['/tmp/queue', 0o010600, 'named pipe /tmp/queue'],
  ['/dev/sda', 0o060600, '/dev/sda (block device 0:0)'],
  ['net:[4026531840]', regular, 'namespace net:[4026531840]'],
])('%s is named as what it is', (link, mode, name) => {
  expect(answerFor(sampleFile({ link, mode }))).toBe(
    `${name}: no kind of file in the engine takes it, and no plugin is loaded for it`,
  );
});

test('a terminal is refused with a remedy that fits', () => {
  const { refusal } = recognise(sampleFile({ link: '/dev/pts/3', mode: character, rdev: [136, 3] }), sampleTree());
  expect(refusal('no plugin is loaded for it')).toMatchObject({
    file: 'terminal /dev/pts/3',
    remedy: expect.stringMatching(/redirected.*--plugin NAME/),
  });
});

test('anonymous kinds of ours', () => {
  expect(answerFor(sampleFile({ link: 'anon_inode:[eventfd]' }))).toBe('event counter (eventfd)');
  expect(answerFor(sampleFile({ link: 'anon_inode:[eventpoll]' }))).toBe('event poll (epoll)');
});

test('a pipe is taken unless its other end is open outside', () => {
  const file = sampleFile({ link: 'pipe:[77]', mode: 0o010600 });
  expect(answerFor(file)).toBe('pipe');
  expect(answerFor(file, sampleTree({ isPipeOpenOutside: () => true }))).toMatch(/^pipe 77: a process outside/);
});

test('plugins are asked for what a kind knows and cannot dump; when none takes it, the reason is the kind’s own', () => {
  const deleted = deletedFile('h');
  const asked = sampleTree({ serves: (hook) => hook === 'DUMP_EXT_FILE', isPipeOpenOutside: () => true });
  const recognised = recognise(deleted, asked);
  expect(recognised.byPlugins.map(({ name }) => name)).toEqual(['external file']);
  expect(recognised.refusal(whyNoPlugin(recognised))).toEqual({
    file: `deleted file ${join(folder, 'h')}`,
    why: expect.stringMatching(/^it has no name any more and holds 7 bytes, .*, and no plugin took it$/),
    remedy: expect.stringMatching(/^Allow more: --ghost-limit.* Or: Load a plugin with a DUMP_EXT_FILE hook/),
  });
  expect(recognise(deleted, sampleTree()).refusal('nobody').why).not.toContain('nobody');
  const info = { locks: ['1: FLOCK  ADVISORY  WRITE 4242 00:20:12 0 EOF'] };
  const path = `/proc/${process.pid}/status`;
  for (const file of [
    realFile('i', { info }),
    sampleFile({ link: path, stat: statSync(path, { bigint: true }) }),
    sampleFile({ link: 'pipe:[77]', mode: 0o010600 }),
    sampleFile({ link: '/gone/null', mode: character, rdev: [1, 3] }),
  ])
    expect(answerFor(file, asked)).toBe('external file');
});

const socket: UnixSocket = { inode: 5, peer: 6, state: 1, type: 1, name: null };
const socketFile = sampleFile({ link: 'socket:[5]', mode: 0o140777 });

test('a unix socket is the plugins’ when its peer is outside of the tree', () => {
  const serves: Tree['serves'] = (hook) => hook === 'DUMP_UNIX_SK';
  expect(answerFor(socketFile, sampleTree({ sockets: [socket], serves }))).toBe('unix socket to outside of the tree');
  expect(answerFor(socketFile, sampleTree({ sockets: [socket], serves: () => true }))).toBe(
    'unix socket to outside of the tree, then external file',
  );
  const anyFile: Tree['serves'] = (hook) => hook === 'DUMP_EXT_FILE';
  expect(answerFor(socketFile, sampleTree({ sockets: [socket], serves: anyFile }))).toBe('external file');
  expect(answerFor(socketFile, sampleTree({ sockets: [socket] }))).toMatch(/outside of the dumped tree, and no plugin/);
});

test.each<[string, Partial<UnixSocket>, RegExp]>([
  ['with its peer inside', {}, /both ends are in the tree/],
  ['that listens', { peer: 0, state: 10, name: '\0hub' }, /^unix socket 5 \(@hub\): listening/],
  ['that is not connected', { peer: 0, state: 7 }, /unconnected/],
  ['whose peer is gone', { peer: 0 }, /its other end was closed/],
])('a unix socket %s is refused unless a plugin takes it as any file', (_what, change, why) => {
  const tree = sampleTree({ sockets: [{ ...socket, ...change }], holdsSocket: () => true });
  expect(answerFor(socketFile, tree)).toMatch(why);
  expect(answerFor(socketFile, { ...tree, serves: () => true })).toBe('external file');
});
