import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  closeFd,
  type GuardCall,
  type GuardPlan,
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  makePipe,
  openPath,
  pidfdOpen,
  readFds,
  readGuardVerdict,
  readStat,
  readStatus,
  signals,
  spawnImage,
  waitFor,
} from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alive, startSleeper, until } from './processes.ts';

const O_WRONLY_CREAT = 0o101;
const target = { file: 5, process: 6, arm: 9 } as const;
const inventory = Buffer.from('the inventory');

let directory = '';
const opened: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'criujs-guard-'));
});
afterEach(() => {
  for (const fd of opened.splice(0)) closeFd(fd);
  rmSync(directory, { recursive: true });
});

/** A plan in one line. */
function plan(commit: GuardCall, expect: number, ...after: GuardCall[]): GuardPlan {
  // biome-ignore lint/suspicious/noThenProperty: a plan is never awaited
  return { commit, expect, then: after };
}

/** The call that kills a process through a pidfd of the guard. */
function kill(pidfd: number): GuardCall {
  return ['pidfd_send_signal', pidfd, signals.SIGKILL, 0, 0];
}

/** The call that writes an inventory. */
function write(bytes: Uint8Array, length: number = bytes.length): GuardCall {
  return ['write', target.file, bytes, length];
}

/** Opens what a guard needs and starts it; closes our copies of its ends. */
function startGuard(orders: GuardPlan, extra: readonly { fd: number; as: number }[]) {
  const [orderRead, order] = makePipe();
  const [verdict, verdictWrite] = makePipe();
  const inherit = [
    { fd: orderRead, as: guardDescriptor.order },
    { fd: verdictWrite, as: guardDescriptor.verdict },
    ...extra,
  ];
  const pid = spawnImage(guardImage(orders), { inherit, newSession: true });
  closeFd(orderRead);
  closeFd(verdictWrite);
  opened.push(verdict);
  return { pid, order, verdict };
}

/** Waits for the guard's name, which it gives itself after it has blocked nothing yet but before it waits. */
function waiting(pid: number): boolean {
  return readStat(pid).comm === 'criujs-guard' && readStat(pid).state === 'S';
}

function answer(fd: number) {
  const bytes = Buffer.alloc(16);
  return readGuardVerdict(bytes.subarray(0, readSync(fd, bytes)));
}

function openTarget(name: string): number {
  const fd = openPath(join(directory, name), O_WRONLY_CREAT, 0o600);
  opened.push(fd);
  return fd;
}

test('it waits in its own session, blocks every signal and has only what it was given', async () => {
  const { pid, order } = startGuard(plan(['getpid'], 0), []);
  await until('it waits', () => waiting(pid));
  expect(readStat(pid)).toMatchObject({ session: pid, pgrp: pid });
  expect(readStatus(pid).blocked).toBe(2n ** 64n - 1n - (1n << 8n) - (1n << 18n));
  expect(readFds(pid)).toEqual([guardDescriptor.order, guardDescriptor.verdict]);
  closeFd(order);
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 0 });
});

test('when the pipe ends it goes, nothing done', async () => {
  await using sleeper = await startSleeper();
  const pidfd = pidfdOpen(sleeper.pid);
  const { pid, order, verdict } = startGuard(plan(write(inventory), inventory.length, kill(target.process)), [
    { fd: openTarget('inventory'), as: target.file },
    { fd: pidfd, as: target.process },
  ]);
  closeFd(pidfd);
  closeFd(order);
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 0 });
  expect(answer(verdict)).toBeNull();
  expect(readFileSync(join(directory, 'inventory'))).toHaveLength(0);
  expect(alive(sleeper.pid)).toBe(true);
});

test.for(['nothing', 'instead', 'order'] as const)('armed, the end of the pipe means: %s', async (meaning) => {
  await using sleeper = await startSleeper();
  const pidfd = pidfdOpen(sleeper.pid);
  const [armRead, arm] = makePipe();
  const otherwise: readonly GuardCall[] = [['ftruncate', target.file, 7]];
  const orders = {
    ...plan(write(inventory), inventory.length, kill(target.process)),
    armed: { by: target.arm, otherwise },
  };
  const { pid, order, verdict } = startGuard(orders, [
    { fd: openTarget('inventory'), as: target.file },
    { fd: pidfd, as: target.process },
    { fd: armRead, as: target.arm },
  ]);
  closeFd(pidfd);
  closeFd(armRead);
  await until('it waits for the order', () => waiting(pid));
  for (let bytes = { nothing: 0, instead: 1, order: 2 }[meaning]; bytes > 0; bytes--) writeSync(arm, 'x');
  expect(waiting(pid)).toBe(true);
  expect(alive(sleeper.pid)).toBe(true);
  expect(readFileSync(join(directory, 'inventory'))).toHaveLength(0);
  closeFd(arm);
  closeFd(order);
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 0 });
  expect(answer(verdict)).toEqual(meaning === 'order' ? { committed: true, failures: 0 } : null);
  const written = { nothing: Buffer.alloc(0), instead: Buffer.alloc(7), order: inventory }[meaning];
  expect(readFileSync(join(directory, 'inventory')).equals(written)).toBe(true);
  if (meaning === 'order') await until('it is gone', () => !alive(sleeper.pid));
  else expect(alive(sleeper.pid)).toBe(true);
});

test('told to, it commits, kills and says so', async () => {
  await using first = await startSleeper();
  await using second = await startSleeper();
  const pidfds = [first, second].map(({ pid }) => pidfdOpen(pid));
  const { pid, order, verdict } = startGuard(
    plan(write(inventory), inventory.length, ...pidfds.map((_, index) => kill(target.process + index))),
    [
      { fd: openTarget('inventory'), as: target.file },
      ...pidfds.map((fd, index) => ({ fd, as: target.process + index })),
    ],
  );
  for (const fd of pidfds) closeFd(fd);
  writeSync(order, 'x');
  expect(answer(verdict)).toEqual({ committed: true, failures: 0 });
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 0 });
  closeFd(order);
  expect(readFileSync(join(directory, 'inventory')).equals(inventory)).toBe(true);
  await until('both are gone', () => !alive(first.pid) && !alive(second.pid));
});

test('a commit that is refused is answered with its error, and nothing else happens', async () => {
  await using sleeper = await startSleeper();
  const pidfd = pidfdOpen(sleeper.pid);
  const full = openPath('/dev/full', 1);
  const { pid, order, verdict } = startGuard(plan(write(inventory), inventory.length, kill(target.process)), [
    { fd: full, as: target.file },
    { fd: pidfd, as: target.process },
  ]);
  closeFd(full);
  closeFd(pidfd);
  writeSync(order, 'x');
  expect(answer(verdict)).toEqual({ committed: false, errno: 28 });
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 1 });
  closeFd(order);
  expect(alive(sleeper.pid)).toBe(true);
});

test('a commit that answers something else than expected is not one', () => {
  const { pid, order, verdict } = startGuard(plan(write(inventory, 3), inventory.length), [
    { fd: openTarget('inventory'), as: target.file },
  ]);
  writeSync(order, 'x');
  expect(answer(verdict)).toEqual({ committed: false, errno: 0 });
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 1 });
  closeFd(order);
});

test('a rename commits as well, and calls that fail afterwards are counted', () => {
  const [from, to] = ['inventory.tmp', 'inventory'].map((name) => join(directory, name)) as [string, string];
  writeFileSync(from, inventory);
  const { pid, order, verdict } = startGuard(
    {
      ...plan(
        ['rename', Buffer.from(`${from}\0`), Buffer.from(`${to}\0`)],
        0,
        ['close', 1234],
        ['getpid'],
        ['close', -1],
      ),
      base: 0x7000_0000_0000,
    },
    [],
  );
  writeSync(order, 'x');
  expect(answer(verdict)).toEqual({ committed: true, failures: 2 });
  expect(waitFor(pid)).toEqual({ kind: 'exited', code: 0 });
  closeFd(order);
  expect(existsSync(from)).toBe(false);
  expect(readFileSync(to).equals(inventory)).toBe(true);
});

test('an inventory larger than a page is written whole', () => {
  const large = Buffer.alloc(300_001, 'criujs ');
  const { pid, order, verdict } = startGuard(plan(write(large), large.length), [
    { fd: openTarget('inventory'), as: target.file },
  ]);
  writeSync(order, 'x');
  expect(answer(verdict)).toEqual({ committed: true, failures: 0 });
  waitFor(pid);
  closeFd(order);
  expect(readFileSync(join(directory, 'inventory')).equals(large)).toBe(true);
});

test('it survives signals to its parent’s group, and its parent: told to go on, it goes on', async () => {
  await using sleeper = await startSleeper();
  const file = join(directory, 'inventory');
  // an engine that starts a guard, tells it to go on as its last deed, and is killed with its whole group
  const engine = `
    import { writeSync } from 'node:fs';
    import * as linux from '@criujs/linux';
    const [orderRead, order] = linux.makePipe();
    const [, verdictWrite] = linux.makePipe();
    const file = linux.openPath(${JSON.stringify(file)}, ${O_WRONLY_CREAT}, 0o600);
    const pidfd = linux.pidfdOpen(${sleeper.pid});
    const bytes = Buffer.from('${inventory}');
    const guard = linux.spawnImage(
      linux.guardImage({
        commit: ['write', 5, bytes, bytes.length],
        expect: bytes.length,
        then: [['pidfd_send_signal', 6, 9, 0, 0]],
      }),
      { newSession: true, inherit: [{ fd: orderRead, as: 3 }, { fd: verdictWrite, as: 4 }, { fd: file, as: 5 }, { fd: pidfd, as: 6 }] },
    );
    while (linux.readStat(guard).comm !== 'criujs-guard');
    process.kill(guard, 'SIGSTOP');
    while (linux.readStat(guard).state !== 'T');
    writeSync(order, 'x');
    console.log(guard);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', engine], {
    cwd: new URL('..', import.meta.url),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const guard = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-(child.pid as number), 'SIGTERM');
  process.kill(-(child.pid as number), 'SIGKILL');
  await ended;
  expect(alive(guard)).toBe(true);
  expect(readFileSync(file)).toHaveLength(0);
  expect(alive(sleeper.pid)).toBe(true);

  process.kill(guard, 'SIGCONT');
  await until('the target is gone', () => !alive(sleeper.pid));
  await until('the guard is gone', () => !alive(guard));
  expect(readFileSync(file).equals(inventory)).toBe(true);
});

test('an engine that is killed before its order leaves everything as it was', async () => {
  const file = join(directory, 'inventory');
  const engine = `
    import * as linux from '@criujs/linux';
    const [orderRead, order] = linux.makePipe();
    const [, verdictWrite] = linux.makePipe();
    const file = linux.openPath(${JSON.stringify(file)}, ${O_WRONLY_CREAT}, 0o600);
    console.log(linux.spawnImage(linux.guardImage({ commit: ['write', 5, Buffer.from('x'), 1], expect: 1, then: [] }), {
      newSession: true,
      inherit: [{ fd: orderRead, as: 3 }, { fd: verdictWrite, as: 4 }, { fd: file, as: 5 }],
    }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', engine], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const guard = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  expect(alive(guard)).toBe(true);
  child.kill('SIGKILL');
  await until('the guard is gone', () => !alive(guard));
  expect(readFileSync(file)).toHaveLength(0);
});

test('a verdict is five bytes', () => {
  expect(guardVerdictLength).toBe(5);
});
