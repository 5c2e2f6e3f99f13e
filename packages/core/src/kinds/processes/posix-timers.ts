import type { EntryInit, PosixTimerEntry } from '@criujs/images';
import { type PosixTimer, readTimers, unlessGone } from '@criujs/linux';
import { cpuClockOf, lastClock } from '../../facts/clocks.ts';
import { lastSignal } from '../../facts/tasks.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import { between, hold, invalid, type Rule } from '../rules.ts';
import type { ProcessImage, ProcessKind, ProcessPart, ProcessProblem, SeenProcess } from './kind.ts';
import { canGiveIds, mostCounted, specSize, timerCalls } from './posix-timer-calls.ts';

/** SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, and the bit of SIGEV_THREAD_ID. sigevent(3type). */
const notifyNumbers = { signal: 0, none: 1, thread: 2 } as const;
const toThread = 4;
/** Timers asked for in one batch. */
const askedAtOnce = 64;

type Init = NonNullable<NonNullable<NonNullable<EntryInit<'CORE'>['tc']>['timers']>['posix']>[number];

/** Timers of timer_create(2), with their ids. The kernel takes no overrun count: it comes back as 0. */
export const posixTimers: ProcessKind = {
  name: 'POSIX timers',
  describe: [
    {
      subject: 'timers',
      taken: ['`timer_create` (every clock and notification; ids are kept)'],
      refused: ["timers of another process's processor time, or of one thread's in a program with several threads"],
    },
  ],
  subject: 'timer',
  reads: { texts: ['timers'] },
  recognise,
  ask({ pid }) {
    const timers = timersOf(pid);
    const batches = Array.from({ length: Math.ceil(timers.length / askedAtOnce) }, (_, at) => at * askedAtOnce);
    return batches.map((from) => (area) => askTimers(timers.slice(from, from + askedAtOnce), area));
  },
  check,
  calls: { last: (image, process) => timerCalls(image, process, canGiveIds()) },
};

/** None where the kernel does not show them (before CONFIG_CHECKPOINT_RESTORE was always there). */
function timersOf(pid: number): readonly PosixTimer[] {
  return unlessGone(() => readTimers(pid), []);
}

function recognise({ pid, stat }: SeenProcess): ProcessProblem[] {
  return timersOf(pid).flatMap(({ id, clock }) => {
    const why = whyNot(clock, pid, stat.threads);
    const remedy = 'Delete the timer before the dump, or measure the time of the process (CLOCK_PROCESS_CPUTIME_ID).';
    return why === null ? [] : [{ resource: `POSIX timer ${id}`, why, remedy }];
  });
}

function whyNot(clock: number, pid: number, threads: number): string | null {
  const cpu = cpuClockOf(clock);
  if (cpu === null) return null;
  if (cpu.isFile) return 'its clock is an open file, which is not supported yet';
  if (cpu.pid === 0) {
    const isClear = !cpu.isThread || threads === 1;
    return isClear ? null : "its clock is one thread's processor time, and the kernel does not say whose";
  }
  return cpu.isThread || cpu.pid === pid ? null : `its clock is the processor time of process ${cpu.pid}`;
}

function askTimers(timers: readonly PosixTimer[], area: Area): Inquiry<ProcessPart> {
  const out = area.reserve(timers.length * specSize);
  return {
    calls: timers.flatMap(({ id }, at) => [
      ['timer_gettime', id, out + at * specSize],
      ['timer_getoverrun', id],
    ]),
    answer: (results, read) => {
      const entry = (timer: PosixTimer, at: number): Init =>
        entryOf(timer, read(out + at * specSize, specSize), Math.max(0, results[2 * at + 1] ?? 0));
      return { core: { timers: { posix: timers.map(entry) } } };
    },
  };
}

function entryOf({ id, clock, signal, value, notify, target }: PosixTimer, spec: Buffer, overrun: number): Init {
  const isThread = target.kind === 'tid';
  return {
    itId: id,
    clockId: clock >>> 0,
    siSigno: signal,
    itSigevNotify: notifyNumbers[notify] | (isThread ? toThread : 0),
    sivalPtr: value,
    overrun,
    isec: spec.readBigUInt64LE(0),
    insec: spec.readBigUInt64LE(8),
    vsec: spec.readBigUInt64LE(16),
    vnsec: spec.readBigUInt64LE(24),
    ...(isThread ? { notifyThreadId: target.id } : {}),
  };
}

/** The kernel counts in signed 64 bits. */
const longest = 2n ** 62n;
const rules: readonly Rule<PosixTimerEntry>[] = [
  between('the id of a POSIX timer', ({ itId }) => itId, 0, 0x7fff_ffff),
  {
    what: 'the clock of a POSIX timer',
    value: ({ clockId }) => clockId | 0,
    fits: ({ clockId }) => (clockId | 0) <= lastClock && !cpuClockOf(clockId | 0)?.isFile,
    expected: 'one of clock_getres(2)',
  },
  between('the signal of a POSIX timer', signalOf, 1, lastSignal),
  between('the interval of a POSIX timer in seconds', ({ isec }) => isec, 0n, longest),
  between('the rest of a POSIX timer in seconds', ({ vsec }) => vsec, 0n, longest),
  // timer_settime(2), EINVAL.
  between('the interval of a POSIX timer in nanoseconds', ({ insec }) => insec, 0n, 999_999_999n),
  between('the rest of a POSIX timer in nanoseconds', ({ vnsec }) => vnsec, 0n, 999_999_999n),
];

/** undefined: it sends none. */
function signalOf({ itSigevNotify, siSigno }: PosixTimerEntry): number | undefined {
  return itSigevNotify === notifyNumbers.none ? undefined : siSigno;
}

function check(image: ProcessImage, file: string): void {
  const ids = new Set<number>();
  for (const timer of image.tc.timers?.posix ?? []) {
    hold(timer, file, rules);
    const { itId, itSigevNotify, notifyThreadId = 0 } = timer;
    if (ids.has(itId)) throw invalid(file, `two POSIX timers have the id ${itId}`);
    ids.add(itId);
    if (itId > mostCounted && !canGiveIds())
      throw invalid(file, `POSIX timer ${itId}: before Linux 6.15 ids are counted up to ${mostCounted} only`);
    if (itSigevNotify === toThread && !image.threads.includes(notifyThreadId))
      throw invalid(file, `POSIX timer ${itId} notifies thread ${notifyThreadId}, which the process does not have`);
    if (!knownNotify.includes(itSigevNotify))
      throw invalid(file, `POSIX timer ${itId} has an unknown way of notification: ${itSigevNotify}`);
  }
}

const knownNotify: readonly number[] = [...Object.values(notifyNumbers), toThread];
