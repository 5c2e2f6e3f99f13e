import { closeSync, mkdtempSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineOptions } from '@criujs/engine-kit';
import type { UnixSocket } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileOptions, sampleFile, sampleSocket, sampleTree } from '../../../test/files-samples.ts';
import type { Problem, SeenFile, Tree } from './held.ts';
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
  const may = (options: Partial<EngineOptions<'dump'>>): Tree =>
    sampleTree({ options: { ...fileOptions, ...options } });
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

test('memory is a memfd where a descriptor leads to it, and secret memory is refused by its name', () => {
  const held = sampleFile({ link: '/dev/zero (deleted)', mode: 0o100777 });
  expect(answerFor(held)).toBe('memfd');
  const secret = sampleFile({ link: '/secretmem (deleted)', mode: 0o100600 });
  expect(answerFor(secret)).toMatch(/^secret memory \(memfd_secret\): the kernel hides it/);
});

test('a file with the kernel’s mark in its own name is no deleted one, unless it is deleted', () => {
  expect(answerFor(realFile('x (deleted)'))).toBe('regular file');
  const tree = sampleTree({ options: { ...fileOptions, ghostLimit: 100 } });
  expect(answerFor(deletedFile('y (deleted)'), tree)).toBe('deleted file');
});

test('a locked file and a file of a process are refused', () => {
  const info = { locks: ['1: FLOCK  ADVISORY  WRITE 4242 00:20:12 0 EOF'] };
  expect(answerFor(realFile('g', { info }))).toMatch(/holds a lock/);
  const kept = sampleTree({ options: { ...fileOptions, fileLocks: true } });
  expect(answerFor(realFile('g', { info }), kept)).toBe('regular file');
  const unknown = { locks: ['1: DELEG  ACTIVE  READ 4242 00:20:12 0 EOF'] };
  expect(answerFor(realFile('g', { info: unknown }), kept)).toMatch(/in a way that nobody restores \(1: DELEG/);
  expect(answerFor(sampleFile({ link: '/tmp/queue', mode: 0o010600, info }))).toMatch(/holds a lock/);
  const path = `/proc/${process.pid}/status`;
  expect(answerFor(sampleFile({ link: path, stat: statSync(path, { bigint: true }) }))).toMatch(
    /belongs to process \d+, outside of the dumped tree/,
  );
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
  ['anon_inode:[userfaultfd]', 0o600, 'page fault handler (userfaultfd)'],
  ['anon_inode:kvm-vm', 0o600, 'anonymous file kvm-vm'],
  ['/memfd:cache (deleted)', regular, 'memory file cache (memfd)'],
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
  expect(answerFor(sampleFile({ link: 'anon_inode:[timerfd]' }))).toBe('timer descriptor (timerfd)');
  expect(answerFor(sampleFile({ link: 'anon_inode:[signalfd]' }))).toBe('signal descriptor (signalfd)');
});

test('a named pipe is taken where its name can be found again; what O_PATH points at is no end of it', () => {
  const file = sampleFile({ link: '/tmp/queue', mode: 0o010600 });
  expect(answerFor(file)).toBe('named pipe');
  const nameProblem = (): Problem => ({ file: '/tmp/queue', why: 'gone', remedy: 'Put it back.' });
  expect(answerFor(file, sampleTree({ nameProblem }))).toBe('/tmp/queue: gone');
  expect(answerFor({ ...file, flags: 0o10000000 })).not.toBe('named pipe');
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
    questions: [
      { hook: 'DUMP_EXT_FILE', args: { file: expect.objectContaining({ kind: 'regular', path: deleted.link }) } },
    ],
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

const socket = sampleSocket();
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
  const { questions = [] } = recognise(socketFile, sampleTree({ sockets: [socket] })).refusal('nobody');
  expect(questions.map(({ hook }) => hook)).toEqual(['DUMP_UNIX_SK', 'DUMP_EXT_FILE']);
});

test.each<[string, Partial<UnixSocket>, RegExp]>([
  ['of a type that there is not', { type: 3 }, /of type 3 are not supported/],
  ['that nobody has accepted', { peer: 0 }, /has not accepted it yet/],
  ['that its peer does not lead back to', {}, /it has been closed meanwhile/],
  [
    'at which somebody else waits',
    { peer: 0, state: 10, name: '\0hub', pending: [9] },
    /5 \(@hub\), at which 9 waits: a connection from/,
  ],
])('a unix socket %s is refused unless a plugin takes it as any file', (_what, change, why) => {
  const tree = sampleTree({ sockets: [sampleSocket(change)], holdsSocket: (inode) => inode !== 9 });
  expect(answerFor(socketFile, tree)).toMatch(why);
  expect(answerFor(socketFile, { ...tree, serves: () => true })).toBe('external file');
});

test.each<[string, Partial<UnixSocket>]>([
  ['that listens', { peer: 0, state: 10, name: '\0hub', pending: [6] }],
  ['that only has a name', { peer: 0, state: 7, name: '/run/hub' }],
  ['whose peer is gone', { peer: 0, name: '/run/hub', shut: 3 }],
  ['for datagrams, to which others lead', { type: 2, peer: 0, name: '/run/hub' }],
])('a unix socket %s is the engine’s', (_what, change) => {
  const tree = sampleTree({ sockets: [sampleSocket(change)], holdsSocket: () => true, serves: () => true });
  expect(answerFor(socketFile, tree)).toBe('unix socket inside of the tree');
});

test('a unix socket is the engine’s when its peer is inside, and when it was never connected', () => {
  const back = sampleSocket({ inode: 6, peer: 5, name: '/run/hub' });
  const inside = sampleTree({ sockets: [socket, back], holdsSocket: () => true, serves: () => true });
  expect(answerFor(socketFile, inside)).toBe('unix socket inside of the tree');
  const alone = sampleTree({ sockets: [{ ...socket, peer: 0, state: 7 }] });
  expect(answerFor(socketFile, alone)).toBe('unix socket inside of the tree');
});
