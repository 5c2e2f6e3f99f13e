import {
  LinuxError,
  ptraceEvent,
  ptraceOption,
  readMaps,
  readMemory,
  readStat,
  readStatus,
  registerNames,
  signals,
  standingStop,
  syscallNumbers,
  syscallStopSignal,
  tracee,
  waitFlag,
  waitFor,
  writeMemory,
  xstateLayout,
} from '@criujs/linux';
import { expect, test } from 'vitest';
import { alive, seizeStopped, startSleeper, startStranger, until } from './processes.ts';

const { TRACESYSGOOD } = ptraceOption;

test('a thread is stopped where it is, and goes on after', async () => {
  await using sleeper = await startSleeper();
  const thread = tracee(sleeper.pid);
  thread.seize(TRACESYSGOOD);
  thread.interrupt();
  expect(thread.waitStop()).toEqual({ signal: signals.SIGTRAP, event: ptraceEvent.STOP });
  expect(readStat(sleeper.pid).state).toBe('t');
  expect(readStatus(sleeper.pid).tracerPid).toBe(process.pid);
  const registers = thread.registers();
  expect(registers.get('orig_ax')).toBe(BigInt(syscallNumbers.clock_nanosleep));
  thread.detach();
  await until('it sleeps again', () => readStat(sleeper.pid).state === 'S');
  expect(readStatus(sleeper.pid).tracerPid).toBe(0);
});

test('a wait in vain calls again and again, and ends with what that throws', async () => {
  await using sleeper = await startSleeper();
  const calls: [number, number][] = [];
  const thread = tracee(sleeper.pid, (tid, ms) => {
    calls.push([tid, ms]);
    if (calls.length === 20) throw new Error('enough');
  });
  thread.seize(TRACESYSGOOD);
  expect(() => thread.waitStop()).toThrow('enough');
  expect(calls.every(([tid]) => tid === sleeper.pid)).toBe(true);
  expect(calls.map(([, ms]) => ms)).toEqual(calls.map(([, ms]) => ms).toSorted((a, b) => a - b));
  thread.interrupt();
  expect(thread.waitStop().event).toBe(ptraceEvent.STOP);
  thread.detach();
});

test('every register that is written is read back', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  const before = thread.registers();
  const changed = before.copy();
  const fixed = ['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'flags', 'orig_ax', 'ip', 'sp', 'fs_base', 'gs_base'];
  for (const [index, name] of registerNames.entries()) {
    if (!fixed.includes(name)) changed.set(name, 0x1111_0000_0000_0000n + BigInt(index));
  }
  thread.setRegisters(changed);
  expect(thread.registers().bytes.equals(changed.bytes)).toBe(true);
  thread.setRegisters(before);
  thread.detach();
  await until('it sleeps again', () => readStat(sleeper.pid).state === 'S');
});

test('the extended state has the length that the processor tells, and is read as it was written', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  const state = thread.xstate();
  expect(state).toHaveLength(xstateLayout().size);
  // MXCSR: something sensible even if the program never used it
  expect(state.readUInt32LE(24) & 0x1f80).toBe(0x1f80);
  state.fill(0x5a, 160, 160 + 256);
  const avx = xstateLayout().component(2);
  if (avx !== null) state.fill(0xa5, avx.offset, avx.offset + avx.size);
  state.writeBigUInt64LE(state.readBigUInt64LE(512) | (avx === null ? 3n : 7n), 512);
  thread.setXstate(state);
  const back = thread.xstate();
  expect(back.subarray(160, 416).equals(state.subarray(160, 416))).toBe(true);
  if (avx !== null) {
    const part = [avx.offset, avx.offset + avx.size] as const;
    expect(back.subarray(...part).equals(state.subarray(...part))).toBe(true);
  }
  thread.detach();
});

test('the signal mask is read and written', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  expect(thread.signalMask()).toBe(0n);
  thread.setSignalMask((1n << 63n) | 1n);
  expect(thread.signalMask()).toBe((1n << 63n) | 1n);
  expect(readStatus(sleeper.pid).blocked).toBe((1n << 63n) | 1n);
  thread.setSignalMask(0n);
  thread.detach();
});

test('pending signals are listed, and stay pending', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  thread.setSignalMask(2n ** 64n - 1n);
  expect(thread.pendingSignals(true)).toEqual([]);
  process.kill(sleeper.pid, 'SIGUSR1');
  process.kill(sleeper.pid, 'SIGTERM');
  for (const _ of [1, 2]) {
    const pending = thread.pendingSignals(true);
    expect(pending.map((info) => info.length)).toEqual([128, 128]);
    expect(pending.map((info) => info.readInt32LE(0)).sort((a, b) => a - b)).toEqual([10, 15]);
    expect(pending.map((info) => info.readInt32LE(16))).toEqual([process.pid, process.pid]);
  }
  expect(thread.pendingSignals(false)).toEqual([]);
});

test('the rseq area that the C library registered is known', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  const rseq = thread.rseq();
  // a C library without rseq registers nothing
  if (rseq !== null && rseq !== 'unknown') {
    expect(rseq.signature).toBe(0x53053053);
    expect(rseq.size).toBeGreaterThanOrEqual(32);
    expect(readMemory(sleeper.pid, Number(rseq.pointer), 4)).toHaveLength(4);
  }
  thread.detach();
});

test('memory is read and written, and poke reaches text and keeps what lies behind', async () => {
  await using sleeper = await startSleeper();
  const { pid } = sleeper;
  const thread = seizeStopped(pid, TRACESYSGOOD);
  const maps = readMaps(pid);
  const stack = maps.find(({ name }) => name === '[stack]');
  const text = maps.find(({ execute, name }) => execute && name.endsWith('sleep'));
  if (stack === undefined || text === undefined) throw new Error('a program without stack or text');

  const pattern = Buffer.from('criujs');
  writeMemory(pid, stack.start, pattern);
  expect(readMemory(pid, stack.start, 6).equals(pattern)).toBe(true);

  expect(() => writeMemory(pid, text.start, pattern)).toThrowError(expect.objectContaining({ code: 'EFAULT', pid }));
  const before = readMemory(pid, text.start, 32);
  thread.poke(text.start + 3, Buffer.from('eleven bytes'.slice(0, 11)));
  const after = readMemory(pid, text.start, 32);
  expect(after.toString('latin1', 3, 14)).toBe('eleven byte');
  expect(after.subarray(0, 3).equals(before.subarray(0, 3))).toBe(true);
  expect(after.subarray(14).equals(before.subarray(14))).toBe(true);
  thread.poke(text.start, before);
  thread.detach();
});

test('memory that is only partly there is an error that says where it ends', async () => {
  await using sleeper = await startSleeper();
  const stack = readMaps(sleeper.pid).find(({ name }) => name === '[stack]');
  if (stack === undefined) throw new Error('a program without a stack');
  const length = 2 ** 21 + 4096;
  expect(() => readMemory(sleeper.pid, stack.end - 4096, length)).toThrowError(
    expect.objectContaining({
      code: 'EFAULT',
      message: expect.stringContaining(`at 0x${stack.end.toString(16)} of process ${sleeper.pid}`),
    }),
  );
  expect(() => readMemory(sleeper.pid, 0, 1)).toThrowError(expect.objectContaining({ code: 'EFAULT' }));
});

test('system call stops come at entry and exit, events tell of children', async () => {
  await using shell = await startStranger('exec sh -c "while :; do sleep 0.05; done"');
  const thread = seizeStopped(
    shell.pid,
    TRACESYSGOOD | ptraceOption.TRACEFORK | ptraceOption.TRACEVFORK | ptraceOption.TRACECLONE,
  );
  const seen: string[] = [];
  let child = 0;
  while (child === 0 || seen.filter((kind) => kind === 'syscall').length < 4) {
    thread.resumeToSyscall();
    const stop = thread.waitStop();
    if (stop.signal === syscallStopSignal && stop.event === 0) seen.push('syscall');
    else if (stop.event !== 0 && stop.event !== ptraceEvent.STOP) child = thread.eventMessage();
  }
  expect(readStat(child).ppid).toBe(shell.pid);
  const inherited = tracee(child);
  inherited.waitStop();
  inherited.detach();
  await until('the child is gone', () => !alive(child));
  thread.detach();
});

test('a step is one instruction', async () => {
  await using shell = await startStranger('exec sh -c "while :; do :; done"');
  const thread = seizeStopped(shell.pid, TRACESYSGOOD);
  const before = thread.registers().get('ip');
  thread.step();
  expect(thread.waitStop()).toEqual({ signal: signals.SIGTRAP, event: 0 });
  expect(thread.registers().get('ip')).not.toBe(before);
});

test('a stop that somebody else in this process has waited for is seen nevertheless', async () => {
  await using sleeper = await startSleeper();
  const thread = tracee(sleeper.pid);
  thread.seize(TRACESYSGOOD);
  expect(standingStop(sleeper.pid)).toBeNull();
  thread.interrupt();
  const stop = waitFor(sleeper.pid);
  expect(waitFor(sleeper.pid, waitFlag.WNOHANG)).toBeNull();
  expect(standingStop(sleeper.pid)).toEqual(stop);
  expect({ kind: 'stopped', ...thread.waitStop() }).toEqual(stop);

  process.kill(sleeper.pid, 'SIGUSR1');
  thread.resume();
  await until('it stands in the next stop', () => standingStop(sleeper.pid) !== null);
  expect(waitFor(sleeper.pid, waitFlag.WNOHANG), 'standingStop takes it').toBeNull();
  expect(thread.waitStop()).toEqual({ signal: signals.SIGUSR1, event: 0 });

  process.kill(sleeper.pid, 'SIGKILL');
  await until('it has ended', () => readStat(sleeper.pid).state === 'Z');
  expect(standingStop(sleeper.pid)).toBeNull();
  expect(waitFor(sleeper.pid), 'its end is left to others').toEqual({ kind: 'killed', signal: signals.SIGKILL });
});

test('the death of a thread is an error, not a wait without end', async () => {
  await using sleeper = await startSleeper();
  const thread = seizeStopped(sleeper.pid, TRACESYSGOOD);
  process.kill(sleeper.pid, 'SIGKILL');
  expect(() => thread.waitStop()).toThrowError(
    expect.objectContaining({ code: 'ESRCH', message: expect.stringContaining('ended by SIGKILL') }),
  );
});

test('what cannot be traced says so', async () => {
  expect(() => tracee(process.pid).seize(0)).toThrowError(expect.objectContaining({ code: 'EPERM', pid: process.pid }));
  expect(() => tracee(2 ** 22 + 1).seize(0)).toThrowError(expect.objectContaining({ code: 'ESRCH' }));
  expect(() => tracee(0)).toThrowError(RangeError);
  await using sleeper = await startSleeper();
  expect(() => tracee(sleeper.pid).registers()).toThrowError(LinuxError);
});

test('waitFor looks without waiting, and knows only its own', async () => {
  await using sleeper = await startSleeper();
  expect(() => waitFor(sleeper.pid)).toThrowError(expect.objectContaining({ code: 'ECHILD' }));
  const thread = tracee(sleeper.pid);
  thread.seize(TRACESYSGOOD);
  expect(waitFor(sleeper.pid, waitFlag.WNOHANG)).toBeNull();
  thread.interrupt();
  expect(waitFor(sleeper.pid)).toEqual({ kind: 'stopped', signal: signals.SIGTRAP, event: ptraceEvent.STOP });
  thread.detach();
});
