import type { PosixTimerEntry } from '@criujs/images';
import { trySyscall } from '@criujs/linux';
import { cpuClockFor, cpuClockOf } from '../../facts/clocks.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ProcessImage, RestoredProcess } from './kind.ts';

/** `struct itimerspec`: interval and value, seconds and nanoseconds each. timer_settime(2). */
export const specSize = 32;
/** `struct sigevent` and the places in it. sigevent(3type). */
const sigevent = { size: 64, value: 0, signal: 8, notify: 12, thread: 16 } as const;
/** `timer_t` of the kernel. */
const idSize = 4;

/** PR_TIMER_CREATE_RESTORE_IDS, since Linux 6.15: timer_create(2) takes the id that it is given. */
const restoreIds = { option: 77, off: 0, on: 1, get: 2 } as const;
/** Without it ids are counted from 0, and each that is passed over costs two calls. */
export const mostCounted = 100_000;

/** Asks about our own thread; nothing is changed. */
export function canGiveIds(): boolean {
  return trySyscall('prctl', restoreIds.option, restoreIds.get, 0, 0, 0) >= 0;
}

/**
 * Calls that make a process's timers again and start them.
 * @param givesIds whether the kernel takes ids
 */
export function timerCalls(image: ProcessImage, process: RestoredProcess, givesIds: boolean): TaskCall[] {
  const timers = (image.tc.timers?.posix ?? []).toSorted((a, b) => a.itId - b.itId);
  if (timers.length === 0) return [];
  for (const { itId, overrun } of timers)
    if (overrun > 0)
      process.warn(
        `POSIX timer ${itId} had expired ${overrun} times without a notification: its overrun count is now 0`,
      );
  const create = givesIds ? withIds : counted;
  return [...create(timers, (timer) => creation(timer, process)), ...timers.flatMap(starting)];
}

type Creation = (timer: PosixTimerEntry) => TaskCall;

function withIds(timers: readonly PosixTimerEntry[], creationOf: Creation): TaskCall[] {
  const giveIds = (how: number, what: string): TaskCall => ({
    name: 'prctl',
    args: [restoreIds.option, how, 0, 0, 0],
    what,
  });
  return [
    giveIds(restoreIds.on, 'give its POSIX timers their ids'),
    ...timers.map(creationOf),
    giveIds(restoreIds.off, 'let POSIX timers have ids of their own'),
  ];
}

/** A new process counts ids from 0, and gives none again that was deleted. */
function counted(timers: readonly PosixTimerEntry[], creationOf: Creation): TaskCall[] {
  let next = 0;
  return timers.flatMap((timer) => {
    const passed = Array.from({ length: timer.itId - next }, (_, at) => next + at);
    next = timer.itId + 1;
    return [
      ...passed.flatMap((id): TaskCall[] => [
        creationOf(timer),
        { name: 'timer_delete', args: [id], what: `pass over the id ${id} of a POSIX timer` },
      ]),
      creationOf(timer),
    ];
  });
}

function creation(timer: PosixTimerEntry, process: RestoredProcess): TaskCall {
  const { itId, clockId, sivalPtr, siSigno, itSigevNotify, notifyThreadId = 0 } = timer;
  const event = Buffer.alloc(sigevent.size);
  event.writeBigUInt64LE(sivalPtr, sigevent.value);
  event.writeInt32LE(siSigno, sigevent.signal);
  event.writeInt32LE(itSigevNotify, sigevent.notify);
  event.writeInt32LE(process.thread(notifyThreadId) ?? 0, sigevent.thread);
  const id = Buffer.alloc(idSize);
  id.writeInt32LE(itId);
  return { name: 'timer_create', args: [clockNow(clockId | 0, process), event, id], what: `make POSIX timer ${itId}` };
}

/** The main thread's id is the process's. */
function clockNow(clock: number, process: RestoredProcess): number {
  const cpu = cpuClockOf(clock);
  if (cpu === null || cpu.pid === 0) return clock;
  const now = process.thread(cpu.pid) ?? cpu.pid;
  return cpuClockFor(clock, now);
}

/** One with an interval and nothing left has just run out. */
function starting({ itId, isec, insec, vsec, vnsec }: PosixTimerEntry): TaskCall[] {
  const rest = vsec === 0n && vnsec === 0n ? [isec, insec] : [vsec, vnsec];
  if (rest.every((part) => part === 0n)) return [];
  const spec = Buffer.alloc(specSize);
  [isec, insec, ...rest].forEach((part, at) => {
    spec.writeBigUInt64LE(part, at * 8);
  });
  return [{ name: 'timer_settime', args: [itId, 0, spec, 0], what: `start POSIX timer ${itId}` }];
}
