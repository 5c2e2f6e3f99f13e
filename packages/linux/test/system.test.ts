import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  arena,
  closeFd,
  compare,
  getFlags,
  LinuxError,
  makePipe,
  mapFile,
  memfd,
  namespaces,
  openPath,
  peerName,
  pidfdGetfd,
  pidfdOpen,
  pidfdSend,
  readAuxv,
  readChildren,
  readFdinfo,
  readFds,
  readLimits,
  readLink,
  readMaps,
  readMemory,
  readMemoryInto,
  readMountinfo,
  readPersonality,
  readSmaps,
  readStat,
  readStatus,
  readThreads,
  readTimers,
  sameFile,
  setFlags,
  setPosition,
  socketName,
  syscall,
  unixSockets,
} from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alive, startSleeper, startStranger, until } from './processes.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-linux-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('importing loads neither koffi nor the C library’s symbols', () => {
  const program = `
    import { readFileSync } from 'node:fs';
    import * as linux from '@criujs/linux';
    const loaded = () => readFileSync('/proc/self/maps', 'latin1').includes('koffi');
    const before = loaded();
    linux.syscall('getpid');
    console.log(before, loaded());
  `;
  const cwd = new URL('..', import.meta.url);
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' })).toBe(
    'false true\n',
  );
});

test('each worker thread has memory of its own', async () => {
  const program = `
    import { parentPort } from 'node:worker_threads';
    import * as linux from '@criujs/linux';
    const block = linux.arena.alloc(8 * 2 ** 20);
    block.bytes.fill(1);
    parentPort.postMessage({ address: block.address, pid: linux.syscall('getpid'), tid: linux.syscall('gettid') });
  `;
  const url = new URL(
    `data:text/javascript,${encodeURIComponent(program.replaceAll("'@criujs/linux'", JSON.stringify(import.meta.resolve('@criujs/linux'))))}`,
  );
  const worker = new Worker(url);
  // A worker that ends at once tells both in one turn of the loop.
  const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  expect(message.pid).toBe(process.pid);
  expect(message.tid).not.toBe(syscall('gettid'));
  expect(message.address).not.toBe(arena.scope(() => arena.alloc(8).address));
});

test('a process with an odd name is read as it is', async () => {
  const odd = 'a) R (\nb\\ c';
  copyFileSync(
    execFileSync('sh', ['-c', 'readlink -f "$(command -v sleep)"'], { encoding: 'utf8' }).trim(),
    join(directory, odd),
  );
  await using stranger = await startStranger(`exec "$(printf './a) R (\\nb\\\\ c')" 600`, directory);
  const { pid } = stranger;
  await until('the program runs', () => readStat(pid).comm === odd && readStat(pid).state === 'S');
  expect(readStat(pid)).toMatchObject({ pid, threads: 1 });
  expect(readStatus(pid)).toMatchObject({ name: odd, pid, tgid: pid, threads: 1, tracerPid: 0 });
  const path = join(directory, odd);
  expect(readLink(pid, 'exe')).toBe(path);
  const text = readMaps(pid).find(({ execute, inode }) => execute && inode === statSync(path).ino);
  expect(text).toMatchObject({ name: path, deleted: false });
  rmSync(path);
  expect(readMaps(pid).find(({ start }) => start === text?.start)).toMatchObject({ name: path, deleted: true });
});

test('smaps shows the maps with flags, mountinfo the root, auxv pairs', async () => {
  await using sleeper = await startSleeper();
  const { pid } = sleeper;
  const smaps = readSmaps(pid);
  expect(smaps.map(({ vmFlags, protectionKey, ...vma }) => vma)).toEqual(readMaps(pid));
  expect(smaps.find(({ name }) => name === '[stack]')?.vmFlags?.has('gd')).toBe(true);
  expect(readMountinfo(pid).map(({ mountPoint }) => mountPoint)).toContain('/');
  const auxv = readAuxv(pid);
  const AT_PAGESZ = 6n;
  expect(auxv[auxv.indexOf(AT_PAGESZ) + 1]).toBe(4096n);
  expect(auxv.slice(-2)).toEqual([0n, 0n]);
  expect(readPersonality(pid) & 0xff).toBe(0);
  expect(readTimers(pid)).toEqual([]);
  expect(namespaces(pid)).toEqual(namespaces(process.pid));
  expect(namespaces(pid).pid).toBeGreaterThan(0);
  expect(readLimits(pid)).toHaveLength(16);
});

test('threads come with the main one first, children of all of them', async () => {
  expect(readThreads(process.pid)[0]).toBe(process.pid);
  expect(readThreads(process.pid).length).toBeGreaterThan(1);
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  expect(readChildren(process.pid)).toContain(child.pid);
  child.kill('SIGKILL');
  await ended;
});

test('a process that is gone is an error with the path', () => {
  expect(() => readStat(2 ** 22 + 1)).toThrowError(
    expect.objectContaining({
      name: 'LinuxError',
      code: 'ENOENT',
      message: expect.stringContaining('/proc/4194305/stat'),
    }),
  );
});

test('descriptors of another process: seen, compared, taken, and its end sent for', async () => {
  await using sleeper = await startStranger('exec 7>"$PWD/out"; exec sleep 600', directory);
  const { pid } = sleeper;
  await until('it sleeps', () => readStat(pid).comm === 'sleep');
  const pidfd = pidfdOpen(pid);
  try {
    expect(readFds(pid)).toContain(7);
    expect(readFdinfo(pid, 7)).toMatchObject({ position: 0n, inode: statSync(join(directory, 'out')).ino, locks: [] });
    const fd = pidfdGetfd(pidfd, 7);
    expect(sameFile(process.pid, fd, pid, 7)).toBe(true);
    expect(compare('FILE', pid, pid, 7, 7)).toBe(0);
    expect(compare('VM', pid, process.pid)).not.toBe(0);
    setPosition(fd, 2n ** 40n);
    expect(readFdinfo(pid, 7).position).toBe(2n ** 40n);
    const O_APPEND = 0o2000;
    setFlags(fd, getFlags(fd) | O_APPEND);
    expect(readFdinfo(pid, 7).flags & O_APPEND).toBe(O_APPEND);
    closeFd(fd);
    expect(() => pidfdGetfd(pidfd, 8)).toThrowError(expect.objectContaining({ code: 'EBADF', call: 'pidfd_getfd' }));
    pidfdSend(pidfd, 9);
    await until('it is gone', () => !alive(pid));
    await until('nobody is left behind the pidfd', () => attempt(() => pidfdSend(pidfd, 0)) === 'ESRCH');
  } finally {
    closeFd(pidfd);
  }
});

test('bulk copies go from another process straight into a file', async () => {
  await using sleeper = await startSleeper();
  const { pid } = sleeper;
  const vdso = readMaps(pid).find(({ name }) => name === '[vdso]');
  if (vdso === undefined) throw new Error('a program without a vdso');
  const length = vdso.end - vdso.start;
  const path = join(directory, 'pages');
  writeFileSync(path, Buffer.alloc(length));
  const fd = openPath(path, 2);
  const file = mapFile(fd, length, 'write');
  closeFd(fd);
  expect(readMemoryInto(pid, vdso.start, file.address, length)).toBe(length);
  file.unmap();
  expect(readMemory(pid, vdso.start, 4).toString('latin1')).toBe('\x7fELF');
  expect(readMemory(pid, vdso.start, length).equals(execFileSync('cat', [path]))).toBe(true);
});

test('file memory that does not exist is refused', () => {
  const fd = memfd('empty', new Uint8Array(0));
  expect(() => mapFile(fd, 0, 'read')).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  closeFd(fd);
  expect(() => openPath(join(directory, 'nothing'), 0)).toThrowError(
    expect.objectContaining({ code: 'ENOENT', message: expect.stringContaining(join(directory, 'nothing')) }),
  );
});

test.each([
  ['a path', () => join(directory, 'socket')],
  ['an abstract name', () => `\0criujs test ${process.pid}`],
])('unix sockets with %s are seen with names, states and peers', async (_, makeName) => {
  const name = makeName();
  const server = createServer();
  server.listen(name);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect(name);
  const [peer] = (await accepted) as [Socket];
  try {
    const [clientFd, peerFd] = [client, peer].map(descriptor) as [number, number];
    expect(trim(peerName(clientFd))).toBe(name);
    expect(socketName(clientFd)).toBeNull();
    expect(trim(socketName(peerFd))).toBe(name);
    const inode = (fd: number): number => Number(/\d+/.exec(readLink(process.pid, `fd/${fd}`))?.[0]);
    const all = unixSockets().map((socket) => ({ ...socket, name: trim(socket.name) }));
    const bySocket = (fd: number) => all.find((socket) => socket.inode === inode(fd));
    const seenAgain = (fd: number) => unixSockets().find((socket) => socket.inode === inode(fd));
    const connected = { peer: inode(peerFd), state: 1, type: 1, name: null, shut: 0, file: null };
    expect(bySocket(clientFd)).toMatchObject({ inode: inode(clientFd), ...connected });
    syscall('shutdown', peerFd, 1);
    expect(seenAgain(peerFd)).toMatchObject({ shut: 2 });
    expect(seenAgain(clientFd)).toMatchObject({ shut: 1 });
    expect(bySocket(peerFd)).toMatchObject({ peer: inode(clientFd), name });
    expect(all).toContainEqual(expect.objectContaining({ name, state: 10, peer: 0 }));
  } finally {
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, 'close');
  }
});

test('many sockets take more than one datagram, and all arrive once, while others come and go', async () => {
  const AF_UNIX = 1;
  const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
  const fds = Array.from({ length: 1500 }, () => syscall('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  const churn = `
    import { syscall, closeFd } from '@criujs/linux';
    const SOCK_DGRAM_CLOEXEC = ${SOCK_DGRAM_CLOEXEC};
    console.log('begin');
    for (;;) {
      const fds = Array.from({ length: 50 }, () => syscall('socket', ${AF_UNIX}, SOCK_DGRAM_CLOEXEC, 0));
      for (const fd of fds) closeFd(fd);
    }
  `;
  const other = spawn(process.execPath, ['--input-type=module', '-e', churn], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(other, 'exit');
  try {
    await once(other.stdout, 'data');
    const mine = fds.map((fd) => Number(/\d+/.exec(readLink(process.pid, `fd/${fd}`))?.[0]));
    for (let round = 0; round < 10; round++) {
      const inodes = unixSockets().map(({ inode }) => inode);
      const all = new Set(inodes);
      expect(all.size).toBe(inodes.length);
      expect(mine.filter((inode) => !all.has(inode))).toEqual([]);
    }
    expect(peerName(fds[0] as number)).toBeNull();
  } finally {
    for (const fd of fds) closeFd(fd);
    other.kill('SIGKILL');
    await ended;
  }
});

test('the name of what is no socket is an error', () => {
  const [read, write] = makePipe();
  expect(() => socketName(read)).toThrowError(expect.objectContaining({ code: 'ENOTSOCK' }));
  closeFd(read);
  closeFd(write);
});

/** Older versions of Node fill an abstract name up with zeros, which are then part of it. */
function trim(name: string | null): string | null {
  return name?.replace(/\0+$/, '') ?? null;
}

/** Node shows the descriptor of a socket nowhere else. */
function descriptor(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

function attempt(body: () => void): string | null {
  try {
    body();
    return null;
  } catch (error) {
    return error instanceof LinuxError ? error.code : String(error);
  }
}
