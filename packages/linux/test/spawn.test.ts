import { spawn } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import {
  closeFd,
  duplicate,
  helperImage,
  LinuxError,
  makePipe,
  memfd,
  readFds,
  readLink,
  readStat,
  readStatus,
  sameFile,
  spawnImage,
  waitFor,
} from '@criujs/linux';
import { afterEach, expect, test } from 'vitest';
import { alive, endChild, until } from './processes.ts';

const image = helperImage(0x10_0000, 0x10_0000);
const opened: number[] = [];
const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) endChild(pid);
  for (const fd of opened.splice(0)) closeFd(fd);
});

function file(name: string): number {
  const fd = memfd(name, Buffer.from(name));
  opened.push(fd);
  return fd;
}

/** Starts a helper and waits until it is one: the start returns while the kernel still clears up the old program. */
async function start(inherit: readonly { fd: number; as: number }[], newSession = false): Promise<number> {
  const pid = spawnImage(image, { inherit, newSession });
  started.push(pid);
  await until('the helper sleeps', () => /^34 /.test(readFileSync(`/proc/${pid}/syscall`, 'latin1')));
  return pid;
}

function links(pid: number): Record<number, string> {
  return Object.fromEntries(
    readFds(pid)
      .filter((fd) => fd > 2)
      .map((fd) => [fd, readLink(pid, `fd/${fd}`)]),
  );
}

test('it starts clean: nothing blocked or ignored, no environment, our own descriptors closed', async () => {
  const pid = await start([]);
  expect(readStatus(pid)).toMatchObject({ blocked: 0n, ignored: 0n, caught: 0n, ppid: process.pid });
  expect(readFileSync(`/proc/${pid}/environ`)).toHaveLength(0);
  expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).toBe('criujs\0');
  expect(links(pid)).toEqual({});
  expect(readStat(pid).session).toBe(readStat(process.pid).session);
});

test('a session of its own when wanted', async () => {
  const pid = await start([], true);
  expect(readStat(pid)).toMatchObject({ session: pid, pgrp: pid });
});

test('descriptors arrive under their numbers as the same open files', async () => {
  const [a, b] = [file('a'), file('b')];
  const pid = await start([
    { fd: a, as: 900 },
    { fd: b, as: 3 },
    { fd: a, as: 4 },
  ]);
  expect(links(pid)).toEqual({ 3: '/memfd:b (deleted)', 4: '/memfd:a (deleted)', 900: '/memfd:a (deleted)' });
  expect(sameFile(process.pid, a, pid, 900)).toBe(true);
  expect(sameFile(process.pid, a, pid, 3)).toBe(false);
  expect(sameFile(pid, 4, pid, 900)).toBe(true);
});

test('sources that are targets, of themselves or of others, arrive all the same', async () => {
  const [a, b, c] = [file('a'), file('b'), file('c')];
  const pid = await start([
    { fd: a, as: b },
    { fd: b, as: a },
    { fd: c, as: c },
  ]);
  expect(links(pid)).toEqual({ [a]: '/memfd:b (deleted)', [b]: '/memfd:a (deleted)', [c]: '/memfd:c (deleted)' });
});

test('every low number can be a target: the program itself is not among the victims', async () => {
  const a = file('a');
  const inherit = Array.from({ length: 100 }, (_, index) => ({ fd: a, as: index + 3 }));
  const pid = await start(inherit);
  expect(Object.keys(links(pid))).toHaveLength(100);
  expect(new Set(Object.values(links(pid)))).toEqual(new Set(['/memfd:a (deleted)']));
});

test('nothing of ours stays open, whether it starts or not', async () => {
  const before = readFds(process.pid);
  await start([]);
  expect(() => spawnImage(Buffer.from('no program'), { inherit: [] })).toThrowError(
    expect.objectContaining({ code: 'ENOEXEC', call: 'posix_spawn' }),
  );
  expect(() => spawnImage(image, { inherit: [{ fd: 9999, as: 5 }] })).toThrowError(
    expect.objectContaining({ code: 'EBADF' }),
  );
  expect(readFds(process.pid)).toEqual(before);
});

test('two descriptors under one number are refused', () => {
  expect(() =>
    spawnImage(image, {
      inherit: [
        { fd: 1, as: 5 },
        { fd: 2, as: 5 },
      ],
    }),
  ).toThrowError(RangeError);
});

test('a helper dies with the thread that started it', async () => {
  const engine = `
    import * as linux from '@criujs/linux';
    console.log(linux.spawnImage(linux.helperImage(0x100000, 0x100000), { inherit: [], newSession: true }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', engine], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  expect(alive(pid)).toBe(true);
  child.kill('SIGKILL');
  await until('the helper is gone', () => !alive(pid));
});

test('a helper whose parent is another than the one that made it exits at once', async () => {
  const other = await start([]);
  const stranger = Buffer.from(image);
  const at = stranger.indexOf(Buffer.from([0x3d, ...new Uint8Array(new Uint32Array([process.pid]).buffer)]));
  stranger.writeUInt32LE(other, at + 1);
  expect(waitFor(spawnImage(stranger, { inherit: [] }))).toEqual({ kind: 'exited', code: 0 });
});

test('own descriptors: copies, pipes, flags', () => {
  const a = file('a');
  const copy = duplicate(a, { atLeast: 700 });
  const open = duplicate(a, { cloexec: false });
  opened.push(copy, open, ...makePipe());
  expect(copy).toBeGreaterThanOrEqual(700);
  const cloexec = (fd: number): boolean =>
    /^flags:\t0?2\d{6}$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
  expect([a, copy, open, ...opened.slice(-2)].map(cloexec)).toEqual([true, true, false, true, true]);
  expect(writeSync(opened.at(-1) as number, 'x')).toBe(1);
  expect(() => closeFd(9999)).toThrowError(LinuxError);
});
