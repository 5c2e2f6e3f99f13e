import { readFileSync } from 'node:fs';
import {
  batchTable,
  blob,
  helperBlobOffset,
  helperImage,
  ptraceOption,
  type RemoteCall,
  readMaps,
  readMemory,
  type SyscallArgument,
  type SyscallName,
  signalFrame,
  signals,
  spawnImage,
  syscallNumbers,
  type Tracee,
  tracee,
  waitFor,
  writeMemory,
  xstateLayout,
} from '@criujs/linux';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alive, endChild, seizeStopped, startSleeper, until } from './processes.ts';

const base = 0x10_0000;
const size = 0x10_0000;
const place = {
  code: base + helperBlobOffset,
  table: base + 0x2000,
  data: base + 0x8000,
  frame: base + 0x1_0000,
  stack: base + 0x8_0000,
};
const { TRACESYSGOOD, EXITKILL, TRACEFORK, TRACECLONE } = ptraceOption;

describe('in a helper', () => {
  let pid = 0;
  let thread: Tracee;

  beforeEach(() => {
    pid = spawnImage(helperImage(base, size), { inherit: [] });
    thread = seizeStopped(pid, TRACESYSGOOD | EXITKILL | TRACEFORK | TRACECLONE);
  });
  afterEach(() => endChild(pid));

  test('its memory is a page of code from the file, and empty memory that may be written', () => {
    const maps = readMaps(pid).filter(({ start, end }) => start >= base && end <= base + size);
    expect(maps[0]).toMatchObject({ start: base, end: base + 4096, read: true, write: false, execute: true });
    expect(maps[0]?.inode).not.toBe(0);
    expect(maps.slice(1)).toMatchObject([
      { start: base + 4096, end: base + size, read: true, write: true, execute: false, inode: 0 },
    ]);
  });

  test('a batch makes its calls in order and leaves their results', () => {
    writeMemory(pid, place.data, Buffer.from('criujs\0'));
    const calls: readonly RemoteCall[] = [
      ['getpid'],
      ['close', 12345],
      ['mmap', 0x20_0000, 4096, 3, 0x32, -1, 0],
      ['memfd_create', place.data, 0],
    ];
    expect(batch(calls)).toEqual([pid, -9, 0x20_0000, 0]);
    expect(readMaps(pid).some(({ start, end }) => start <= 0x20_0000 && end > 0x20_0000)).toBe(true);
  });

  test('hundreds of calls are one stop', () => {
    const results = batch(Array.from({ length: 250 }, (): RemoteCall => ['getppid']));
    expect(new Set(results)).toEqual(new Set([process.pid]));
  });

  test('without a stop, a batch ends in the frame: registers, mask and vector state come back, the alternate stack stays', () => {
    const alternate = { address: place.data, length: 0x4000 };
    setAlternateStack(alternate);

    const wanted = thread
      .registers()
      .set('ip', place.code + blob.offsets.syscall)
      .set('bx', 0x1234_5678_9abcn)
      .set('r15', -7);
    wanted.set('ax', 77).set('orig_ax', -1).set('sp', place.stack);
    const mask = (1n << 9n) | (1n << 63n);
    const state = thread.xstate();
    state.fill(0x5a, 160, 416);
    const avx = xstateLayout().component(2);
    if (avx !== null) state.fill(0xa5, avx.offset, avx.offset + avx.size);
    state.writeBigUInt64LE(state.readBigUInt64LE(512) | (avx === null ? 3n : 7n), 512);
    writeMemory(pid, place.frame, signalFrame(place.frame, wanted, mask, state));

    writeMemory(pid, place.table, batchTable([['getpid'], ['getpid']]));
    startBatch(2, place.frame + 8);
    // two stops for each call, and rt_sigreturn's own two
    for (let stop = 0; stop < 6; stop++) toSyscallStop();

    const now = thread.registers();
    for (const name of ['ip', 'bx', 'r15', 'sp', 'ax'] as const)
      expect([name, now.get(name)]).toEqual([name, wanted.get(name)]);
    expect(thread.signalMask()).toBe(mask);
    const back = thread.xstate();
    expect(back.subarray(160, 416).equals(state.subarray(160, 416))).toBe(true);
    if (avx !== null) {
      expect(
        back.subarray(avx.offset, avx.offset + avx.size).equals(state.subarray(avx.offset, avx.offset + avx.size)),
      ).toBe(true);
    }
    thread.setSignalMask(0n);
    expect(alternateStack()).toEqual({
      address: BigInt(alternate.address),
      flags: 0,
      length: BigInt(alternate.length),
    });
  });

  test('a frame at any address is taken', () => {
    for (const offset of [0, 8, 56]) {
      const at = place.frame + offset;
      const wanted = thread
        .registers()
        .set('ip', place.code)
        .set('orig_ax', -1)
        .set('r12', offset + 1);
      writeMemory(pid, at, signalFrame(at, wanted, 0n, thread.xstate()));
      thread.setRegisters(
        wanted
          .copy()
          .set('ip', place.code + blob.offsets.sigreturn)
          .set('sp', at + 8)
          .set('r12', 0),
      );
      toSyscallStop();
      toSyscallStop();
      expect(thread.registers().get('r12')).toBe(BigInt(offset + 1));
    }
  });

  test('a child of the exit stub ends at once, its parent goes on to the frame', () => {
    const wanted = thread.registers().set('ip', place.code).set('orig_ax', -1).set('bx', 99);
    writeMemory(pid, place.frame, signalFrame(place.frame, wanted, 0n, thread.xstate()));
    const registers = thread
      .registers()
      .set('ip', place.code + blob.offsets.exitStub)
      .set('sp', place.frame + 8);
    const SIGCHLD = BigInt(signals.SIGCHLD);
    thread.setRegisters(
      registers
        .set('ax', syscallNumbers.clone)
        .set('orig_ax', -1)
        .set('di', SIGCHLD)
        .set('si', 0)
        .set('dx', 0)
        .set('r10', 0),
    );
    toSyscallStop();
    thread.resumeToSyscall();
    expect(thread.waitStop().event).not.toBe(0);
    const child = tracee(thread.eventMessage());
    child.waitStop();
    child.resume();
    expect(waitFor(child.tid)).toEqual({ kind: 'exited', code: 0 });
    // the exit of clone, then both stops of rt_sigreturn, between them perhaps the news of the child
    for (let stop = 0; stop < 3; stop++) toSyscallStop();
    expect(thread.registers().get('bx')).toBe(99n);
    expect(thread.registers().get('ip')).toBe(BigInt(place.code));
  });

  function toSyscallStop(): void {
    for (;;) {
      thread.resumeToSyscall();
      if (thread.waitStop().signal === 0x85) return;
    }
  }

  function startBatch(count: number, stack: number): void {
    const registers = thread
      .registers()
      .set('ip', place.code + blob.offsets.batch)
      .set('orig_ax', -1)
      .set('sp', stack);
    thread.setRegisters(registers.set('r12', place.table).set('r13', count));
  }

  function batch(calls: readonly RemoteCall[]): number[] {
    writeMemory(pid, place.table, batchTable([...calls, ['tgkill', pid, pid, signals.SIGURG]]));
    startBatch(calls.length + 1, place.stack);
    thread.resume();
    expect(thread.waitStop()).toEqual({ signal: signals.SIGURG, event: 0 });
    const table = readMemory(pid, place.table, calls.length * 64);
    return calls.map((_, index) => Number(table.readBigInt64LE(index * 64 + 56)));
  }

  function setAlternateStack({ address, length }: { address: number; length: number }): void {
    const stack = Buffer.alloc(24);
    stack.writeBigUInt64LE(BigInt(address), 0);
    stack.writeBigUInt64LE(BigInt(length), 16);
    writeMemory(pid, place.frame - 64, stack);
    expect(batch([['sigaltstack', place.frame - 64, 0]])).toEqual([0]);
  }

  function alternateStack(): { address: bigint; flags: number; length: bigint } {
    expect(batch([['sigaltstack', 0, place.frame - 64]])).toEqual([0]);
    const stack = readMemory(pid, place.frame - 64, 24);
    return { address: stack.readBigUInt64LE(0), flags: stack.readUInt32LE(8), length: stack.readBigUInt64LE(16) };
  }
});

test('a program that loses its tracer in the middle of a call of ours goes on as if nothing had been', async () => {
  await using sleeper = await startSleeper();
  const { pid } = sleeper;
  const thread = seizeStopped(pid, TRACESYSGOOD);
  const vdso = readMaps(pid).find(({ name }) => name === '[vdso]');
  if (vdso === undefined) throw new Error('a program without a vdso');
  const cave = vdso.end - 64;
  expect(readMemory(pid, cave, 64).every((byte) => byte === 0)).toBe(true);

  const before = thread.registers();
  // what a sleep that was interrupted does next: the call again, from where it is
  const resumed = before
    .copy()
    .set('ip', before.get('ip') - 2n)
    .set('ax', before.get('orig_ax'))
    .set('orig_ax', -1);
  const xstate = thread.xstate();
  const frame = Number((before.get('sp') - 128n - 2048n - BigInt(xstate.length)) & ~63n);
  writeMemory(pid, frame, signalFrame(frame, resumed, 0n, xstate));
  thread.poke(cave, blob.cave.code);
  thread.setRegisters(call(before, cave, frame + 8, 'getpid'));
  thread.resumeToSyscall();
  expect(thread.waitStop().signal).toBe(0x85);
  thread.detach();

  await until('it sleeps again', () => alive(pid) && readSyscall(pid) === syscallNumbers.clock_nanosleep);
  const again = seizeStopped(pid, TRACESYSGOOD);
  for (const name of ['ip', 'sp', 'bx', 'bp', 'r12', 'r15', 'fs_base'] as const) {
    expect([name, again.registers().get(name)]).toEqual([name, before.get(name)]);
  }
  again.poke(cave, new Uint8Array(16));
  again.detach();
});

function call(
  base: ReturnType<Tracee['registers']>,
  at: number,
  stack: number,
  name: SyscallName,
  ...args: SyscallArgument[]
): typeof base {
  const registers = base.copy().set('ip', at).set('sp', stack).set('ax', syscallNumbers[name]).set('orig_ax', -1);
  for (const [index, register] of (['di', 'si', 'dx', 'r10', 'r8', 'r9'] as const).entries())
    registers.set(register, args[index] ?? 0);
  return registers;
}

/** The number of the system call that a process sleeps in; -1 when in none. */
function readSyscall(pid: number): number {
  return Number.parseInt(readFileSync(`/proc/${pid}/syscall`, 'latin1'), 10);
}
