import { mkdtempSync, openSync, readSync, rmSync, statSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecords } from '@criujs/engine-kit';
import { decodeImage, FdTypes } from '@criujs/images';
import { deviceNumber, duplicate, makePipe, readMaps, setFlags, syscall } from '@criujs/linux';
import { notSupported } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { smallImages } from '../dist/engine/dump/small-images.js';
import { doSteps } from '../dist/engine/steps.js';
import { type CollectedFiles, collectFiles, surveyFiles } from '../dist/files/collect.js';
import { createDescriptors, createHolders, eventfd, namedPair, setOwner, socketPair, watch } from './files-holder.ts';
import { fileOptions, heldFile } from './files-samples.ts';
import { pretendSession } from './files-session.ts';
import { unknownDevice } from './harness/devices.ts';
import { unknownFile } from './harness/unknown-file.ts';

const holders = createHolders();
const descriptors = createDescriptors();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-files-'));
});

afterEach(async () => {
  descriptors.close();
  await holders.end();
  rmSync(folder, { recursive: true });
});

function makeFile(name: string, content = 'some content'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const open = (path: string, flags: string): number => descriptors.keep(openSync(path, flags));
const noPlugins = { serves: () => false };

/** The id of the open file at a descriptor. */
function idAt(files: CollectedFiles, pid: number, fd: number): number | undefined {
  return files.fdinfo(pid).find((entry) => entry.fd === fd)?.id;
}

/** The types of what a process has behind its own numbers. */
function typesAt(files: CollectedFiles, pid: number): Record<number, number> {
  return Object.fromEntries(files.fdinfo(pid).flatMap(({ fd, type }) => (fd > 2 ? [[fd, type]] : [])));
}

test('descriptors of one open file are one entry, in one process and in two; opening twice makes two', () => {
  const path = makeFile('shared');
  const [a, b] = [open(path, 'r+'), open(path, 'r+')];
  readSync(a, Buffer.alloc(5));
  const processes = [holders.start({ 3: a, 4: a, 5: b }), holders.start({ 3: b, 7: a })];
  const files = collectFiles(processes, fileOptions, pretendSession());
  expect(files.refusals).toEqual([]);
  const [first, second] = processes.map(({ pid }) => pid) as [number, number];
  expect(idAt(files, first, 4)).toBe(idAt(files, first, 3));
  expect(idAt(files, second, 7)).toBe(idAt(files, first, 3));
  expect(idAt(files, second, 3)).toBe(idAt(files, first, 5));
  expect(idAt(files, first, 5)).not.toBe(idAt(files, first, 3));
  expect(files.fdinfo(first)[3]).toMatchObject({ fd: 3, flags: 0, type: FdTypes.REG });
});

test('entries keep path, position, flags, size and mode; files without a descriptor share their entries', () => {
  const path = makeFile('log');
  const fd = open(path, 'a+');
  readSync(fd, Buffer.alloc(5));
  const { pid, ...rest } = holders.start({ 3: fd });
  const session = pretendSession();
  const files = collectFiles([{ pid, ...rest }], fileOptions, session);
  const exe = files.addPath(heldFile(pid, '/bin/sleep'));
  expect(files.addPath(heldFile(pid, '/bin/sleep'))).toBe(exe);
  expect(files.addPath(heldFile(pid, '/bin/sleep', 2))).not.toBe(exe);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array()).map(
    ({ message }) => message,
  );
  const entry = entries.find(({ id }) => id === idAt(files, pid, 3));
  expect(entry?.reg).toMatchObject({ name: path, flags: 0o102002, pos: 5n, size: 12n, mode: 0o100644 });
  expect(entries.find(({ id }) => id === idAt(files, pid, 0))?.reg).toMatchObject({ name: '/dev/null' });
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  expect([...session.images.keys()].toSorted()).toEqual(['criujs.json', 'files.img', 'pipes-data.img']);
});

test('what waits in a pipe is written down and still there', () => {
  const [readEnd, writeEnd] = descriptors.keep(makePipe());
  writeSync(writeEnd, 'waiting');
  setFlags(writeEnd, 0o4000);
  const process = holders.start({ 3: readEnd, 4: writeEnd });
  const session = pretendSession();
  const files = collectFiles([process], fileOptions, session);
  expect(files.refusals).toEqual([]);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const [content] = decodeImage('PIPES_DATA', session.images.get('pipes-data.img') ?? new Uint8Array());
  expect(content?.message).toMatchObject({ bytes: 7, size: 65_536 });
  expect(Buffer.from(content?.data ?? []).toString()).toBe('waiting');
  const pipes = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array())
    .map(({ message }) => message.pipe)
    .filter((pipe) => pipe !== undefined);
  expect(pipes.map(({ flags }) => flags)).toEqual([0, 0o4001]);
  expect(new Set(pipes.map(({ pipeId }) => pipeId))).toEqual(new Set([content?.message.pipeId]));
  const bytes = Buffer.alloc(10);
  expect(readSync(readEnd, bytes)).toBe(7);
});

test('a pipe to outside is refused; one whose other end is closed is not', () => {
  const [outside, ours] = [descriptors.keep(makePipe()), descriptors.keep(makePipe())];
  const process = holders.start({ 3: outside[1], 4: ours[0] });
  descriptors.drop(ours[1]);
  const { refusals } = collectFiles([process], fileOptions, pretendSession());
  expect(refusals).toEqual([
    {
      pid: process.pid,
      command: 'sleep',
      resource: expect.stringMatching(/^descriptor 3: pipe \d+$/),
      why: expect.stringContaining('outside of the dumped tree'),
      remedy: expect.stringContaining("--external 'pipe["),
      questions: [expect.objectContaining({ hook: 'DUMP_EXT_FILE' })],
    },
  ]);
  const { rows } = doSteps(surveyFiles([process], noPlugins, fileOptions), () => undefined);
  expect(rows.filter(({ taker }) => taker === null).map(({ resource }) => resource)).toEqual([refusals[0]?.resource]);
  expect(rows.find(({ resource }) => resource.startsWith('descriptor 4'))?.taker).toEqual({ engine: 'pipe' });
});

test('counters and what an epoll watches', () => {
  const counter = descriptors.keep(duplicate(descriptors.keep(eventfd(3, 1 | 0o4000)), { atLeast: 20 }));
  const epoll = descriptors.keep(syscall('epoll_create1', 0o2000000));
  watch(epoll, counter, 0x8000_0001, 2n ** 63n + 5n);
  const process = holders.start({ 3: epoll, [counter]: counter });
  const session = pretendSession();
  const files = collectFiles([process], fileOptions, session);
  expect(files.refusals).toEqual([]);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array()).map(
    ({ message }) => message,
  );
  const counterId = idAt(files, process.pid, counter);
  expect(entries.find(({ id }) => id === counterId)?.efd).toMatchObject({ counter: 3n, flags: 0o4003 });
  expect(entries.find(({ epfd }) => epfd !== undefined)?.epfd?.tfd).toMatchObject([
    { id: counterId, tfd: counter, events: 0x8000_0019, data: 2n ** 63n + 5n },
  ]);
});

test('an epoll whose target is only found outside of the process is refused, unless a plugin takes it', () => {
  const counter = descriptors.keep(duplicate(descriptors.keep(eventfd(0)), { atLeast: 20 }));
  const epoll = descriptors.keep(syscall('epoll_create1', 0o2000000));
  watch(epoll, counter, 1, 0n);
  const process = holders.start({ 3: epoll, [counter]: descriptors.keep(eventfd(0)) });
  expect(collectFiles([process], fileOptions, pretendSession()).refusals).toMatchObject([
    { resource: 'descriptor 3: event poll (epoll)', why: expect.stringContaining(`descriptor ${counter}`) },
  ]);
  const declined = pretendSession({ DUMP_EXT_FILE: () => notSupported });
  expect(collectFiles([process], fileOptions, declined).refusals).toMatchObject([
    { why: expect.stringMatching(new RegExp(`descriptor ${counter}.*, and no plugin took it$`)) },
  ]);
  const taken = collectFiles([process], fileOptions, pretendSession({ DUMP_EXT_FILE: () => undefined }));
  expect(taken.refusals).toEqual([]);
  expect(typesAt(taken, process.pid)[3]).toBe(FdTypes.EXT);
});

test('an epoll that watches a number which is another file by now finds the file under another number', () => {
  const counter = descriptors.keep(duplicate(descriptors.keep(eventfd(0)), { atLeast: 20 }));
  const epoll = descriptors.keep(syscall('epoll_create1', 0o2000000));
  watch(epoll, counter, 1, 0n);
  const process = holders.start({ 3: epoll, [counter]: descriptors.keep(eventfd(0)), 4: counter });
  const session = pretendSession();
  const files = collectFiles([process], fileOptions, session);
  expect(files.refusals).toEqual([]);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array());
  const poll = entries.find(({ message }) => message.type === FdTypes.EVENTPOLL)?.message;
  expect(poll?.epfd?.tfd).toMatchObject([{ tfd: 4, id: idAt(files, process.pid, 4) }]);
  const { epollTargets } = decodeRecords(session.images.get('criujs.json') ?? new Uint8Array());
  expect(epollTargets).toEqual([{ id: poll?.id, at: 0, fd: counter }]);
});

test('without a plugin all that nobody takes is refused at once', () => {
  const deleted = makeFile('deleted');
  const gone = open(deleted, 'r');
  unlinkSync(deleted);
  const process = holders.start({
    3: descriptors.keep(unknownFile()),
    4: gone,
  });
  const { refusals } = collectFiles([process], fileOptions, pretendSession());
  expect(refusals.map(({ resource }) => resource)).toEqual([
    'descriptor 3: page fault handler (userfaultfd)',
    `descriptor 4: deleted file ${deleted}`,
  ]);
  const { rows } = doSteps(surveyFiles([process], noPlugins, fileOptions), () => undefined);
  const survey = rows.filter(({ taker }) => taker === null);
  expect(survey.map(({ resource, why }) => [resource, why])).toEqual(
    refusals.map(({ resource, why }) => [resource, why]),
  );
});

test('a plugin is asked once for each open file, with a descriptor of its own, and recorded as its provider', () => {
  const timer = descriptors.keep(unknownFile());
  setFlags(timer, 0o4000);
  const processes = [holders.start({ 3: timer, 5: timer }), holders.start({ 4: timer })];
  const [first, second] = processes.map(({ pid }) => pid) as [number, number];
  setOwner(timer, 1, second);
  const session = pretendSession({
    DUMP_EXT_FILE: ({ fd, file }) => {
      expect(syscall('fcntl', fd, 3) & 0o4000).toBe(0o4000);
      expect(file.path).toBe('anon_inode:[userfaultfd]');
    },
  });
  const files = collectFiles(processes, fileOptions, session);
  expect(files.refusals).toEqual([]);
  expect(session.calls).toHaveLength(1);
  expect(files.providers()).toEqual(['pretend']);
  expect(idAt(files, second, 4)).toBe(idAt(files, first, 5));
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const { externals } = decodeRecords(session.images.get('criujs.json') ?? new Uint8Array());
  expect(externals).toMatchObject([
    {
      id: idAt(files, first, 3),
      file: {
        kind: 'anonymous',
        rdev: null,
        flags: 0o4000,
        owner: { pid: second, type: 'process', uid: process.getuid?.() },
        holders: [
          { pid: first, fd: 3 },
          { pid: first, fd: 5 },
          { pid: second, fd: 4 },
        ],
        provider: { name: 'pretend', version: '1.0.0' },
      },
    },
  ]);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array());
  expect(entries.find(({ message }) => message.type === FdTypes.EXT)?.message.ext?.fown).toMatchObject({ pid: second });
});

test('signals that go outside of the tree are left out with a warning', () => {
  const counter = descriptors.keep(eventfd(0));
  setOwner(counter, 1, process.pid);
  const session = pretendSession();
  collectFiles([holders.start({ 3: counter })], fileOptions, session).write(smallImages(session.store, false));
  expect(session.warnings).toEqual([expect.stringContaining(`its signals go to ${process.pid}, outside`)]);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array());
  expect(entries.find(({ message }) => message.efd)?.message.efd?.fown.pid).toBe(0);
});

test('a plugin that does not claim leaves a refusal; one that throws ends the dump', () => {
  const tree = [holders.start({ 3: descriptors.keep(unknownFile()) })];
  const { refusals } = collectFiles(tree, fileOptions, pretendSession({ RESTORE_EXT_FILE: () => 0 }));
  expect(refusals[0]?.why).toMatch(/no plugin is loaded/);
  const failing = pretendSession({
    DUMP_EXT_FILE: () => {
      throw new Error('broken');
    },
  });
  expect(() => collectFiles(tree, fileOptions, failing)).toThrow('broken');
});

test('a unix socket to outside is the plugins’, and what it had not read is warned of', () => {
  const [ours, theirs] = descriptors.keep(socketPair());
  writeSync(theirs, 'unread');
  const tree = [holders.start({ 3: ours })];
  descriptors.drop(ours);
  expect(collectFiles(tree, fileOptions, pretendSession()).refusals).toMatchObject([
    { why: expect.stringContaining('no plugin') },
  ]);

  const session = pretendSession({ DUMP_UNIX_SK: () => undefined });
  const files = collectFiles(tree, fileOptions, session);
  expect(files.refusals).toEqual([]);
  expect(session.warnings).toEqual([expect.stringContaining('6 bytes that the program had not read yet are lost')]);
  files.write(smallImages(session.store, false));
  files.record(smallImages(session.store, false), []);
  const entries = decodeImage('FILES', session.images.get('files.img') ?? new Uint8Array());
  const [peer, own] = entries.flatMap(({ message }) => message.usk ?? []);
  expect(own).toMatchObject({ uflags: 4, type: 1, state: 1, peer: peer?.ino });
  expect(peer).toMatchObject({ uflags: 1, type: 2, state: 10, peer: 0 });
  expect(decodeRecords(session.images.get('criujs.json') ?? new Uint8Array()).sockets).toMatchObject([
    { socket: { type: 'stream', state: 'connected', holders: [{ fd: 3 }] }, provider: { name: 'pretend' } },
  ]);
});

test('no plugin is asked for a socket pair inside of the tree, also where one end has a name', () => {
  const [a, b] = descriptors.keep(namedPair());
  const tree = [holders.start({ 3: a }), holders.start({ 3: b })];
  const session = pretendSession({ DUMP_UNIX_SK: () => undefined, DUMP_EXT_FILE: () => undefined });
  const files = collectFiles(tree, fileOptions, session);
  expect(files.refusals).toEqual([]);
  for (const { pid } of tree) expect(typesAt(files, pid)).toEqual({ 3: FdTypes.UNIXSK });
  expect(session.calls).toEqual([]);
});

test('a socket to outside that no plugin connects again is asked for as any file', () => {
  const [inside] = descriptors.keep(socketPair());
  const tree = [holders.start({ 3: inside })];
  const session = pretendSession({ DUMP_UNIX_SK: () => notSupported, DUMP_EXT_FILE: () => undefined });
  const files = collectFiles(tree, fileOptions, session);
  expect(files.refusals).toEqual([]);
  expect(session.calls.map(({ hook }) => hook)).toEqual(['DUMP_UNIX_SK', 'DUMP_EXT_FILE']);
  const declined = pretendSession({ DUMP_UNIX_SK: () => notSupported, DUMP_EXT_FILE: () => notSupported });
  expect(collectFiles(tree, fileOptions, declined).refusals).toMatchObject([
    { why: 'its other end is outside of the dumped tree, and no plugin took it' },
  ]);
});

test('what a pipe holds is a plugin’s matter when it takes the pipe', () => {
  const [read, write] = descriptors.keep(makePipe());
  writeSync(write, 'content');
  const tree = [holders.start({ 3: read })];
  const { pid } = tree[0] as { pid: number };
  const session = pretendSession({ DUMP_EXT_FILE: () => undefined });
  const files = collectFiles(tree, fileOptions, session);
  expect(files.refusals).toEqual([]);
  expect(typesAt(files, pid)).toEqual({ 3: FdTypes.EXT });
  files.write(smallImages(session.store, false));
  expect(decodeImage('PIPES_DATA', session.images.get('pipes-data.img') ?? new Uint8Array())).toEqual([]);
});

test('a path that leads elsewhere by now is a refusal', () => {
  const tree = [holders.start({})];
  const files = collectFiles(tree, fileOptions, pretendSession());
  expect(files.addPath({ ...heldFile(tree[0]?.pid ?? 0, '/bin/sleep'), link: join(folder, 'nothing') })).toBe(0);
  expect(files.refusals).toMatchObject([{ resource: join(folder, 'nothing'), command: 'sleep' }]);
});

test.skipIf(unknownDevice === null)(
  'a memory map is found by its file, unless several open files could be meant',
  () => {
    const device = unknownDevice ?? '';
    const [one, other] = [open(device, 'r'), open(device, 'r')];
    const tree = [holders.start({ 3: one }), holders.start({ 3: one, 4: other })];
    const [first, second] = tree.map(({ pid }) => pid) as [number, number];
    const files = collectFiles(tree, fileOptions, pretendSession({ DUMP_EXT_FILE: () => undefined }));
    const [template] = readMaps(first);
    const stat = statSync(`/proc/${first}/fd/3`);
    const vma = {
      ...template!,
      ...{ name: device, deleted: false, shared: false },
      inode: stat.ino,
      ...deviceNumber(BigInt(stat.dev)),
    };
    expect(files.externalMapping(first, vma)).toBe(idAt(files, first, 3));
    expect(files.externalMapping(first, { ...vma, inode: stat.ino + 1 })).toBeNull();
    expect(files.externalMapping(second, vma)).toMatchObject({ why: expect.stringContaining('several times') });
  },
);
