import type { TimerRecord } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import { arena, type Fdinfo, readFdinfo, setFlags, syscall } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { timerfdClocks } from '../../facts/clocks.ts';
import { clockNow } from '../../tasks/clocks.ts';
import { among, between, hold, type Rule } from '../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';
import { ownPart } from './own-part.ts';
import { errorCode } from './seen.ts';

type TimerEntry = NonNullable<FileEntry['tfd']>;
type TimerState = Omit<TimerEntry, 'id' | 'flags' | 'fown' | `$${string}`>;

/** `struct itimerspec`: interval and value, seconds and nanoseconds each. timerfd_settime(2) */
const specSize = 32;
/** TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET. timerfd_settime(2) */
const settime = { absolute: 1, cancelOnSet: 2 } as const;
/** TFD_IOC_SET_TICKS. timerfd_create(2) */
const setTicks = 0x4008_5400;
const second = 1_000_000_000n;

/** Timers that are read: what is left of them, and how often they have expired without being read. */
export const timerfd: FileKind = {
  name: 'timer descriptor (timerfd)',
  describe: [
    { subject: 'timers', taken: ['timerfd (every clock, relative and absolute, with expirations not read yet)'] },
  ],
  type: fileTypes.TIMERFD,
  recognise: (file) => (file.link === 'anon_inode:[timerfd]' ? 'mine' : null),
  dump,
  matches: ({ type }) => type === fileTypes.TIMERFD,
  common: ({ tfd }) => tfd,
  load,
};

function dump({ id, seen, owner, fd }: OpenFile, { records }: DumpContext): FilePayload {
  // An interval timer that nobody reads stands still until somebody asks: only then fdinfo counts what it has missed.
  arena.scope(() => syscall('timerfd_gettime', fd, arena.alloc(specSize).address));
  const state = stateOf(readFdinfo(process.pid, fd));
  const left = state.vsec * second + state.vnsec;
  if (isOfWallClock(state) && left > 0n) records.timers.push({ id, expires: timeOf(state.clockid) + left });
  return { tfd: { id, flags: seen.flags, fown: owner, ...state } };
}

/** What fdinfo says of a timer. proc_pid_fdinfo(5) */
function stateOf({ fields }: Fdinfo): TimerState {
  const pair = (key: string): readonly bigint[] => (fields.get(key)?.match(/\d+/g) ?? []).map(BigInt);
  const [vsec = 0n, vnsec = 0n] = pair('it_value');
  const [isec = 0n, insec = 0n] = pair('it_interval');
  return {
    clockid: Number(fields.get('clockid') ?? 0),
    ticks: BigInt(fields.get('ticks') ?? 0),
    settimeFlags: Number.parseInt(fields.get('settime flags') ?? '0', 8),
    ...{ vsec, vnsec, isec, insec },
  };
}

/** Without a clock that can wake it a machine does not show the time of the alarm clocks, which is that of these. */
const shownBy: Readonly<Record<number, number>> = {
  [timerfdClocks.realtimeAlarm]: timerfdClocks.realtime,
  [timerfdClocks.boottimeAlarm]: timerfdClocks.boottime,
};

function timeOf(clockid: number): bigint {
  return clockNow(shownBy[clockid] ?? clockid);
}

/** Whether it was set to a moment that does not move when the program stands still. */
function isOfWallClock({ clockid, settimeFlags }: Pick<TimerEntry, 'clockid' | 'settimeFlags'>): boolean {
  const { realtime, realtimeAlarm } = timerfdClocks;
  return (settimeFlags & settime.absolute) !== 0 && (clockid === realtime || clockid === realtimeAlarm);
}

/** The kernel counts in signed 64 bits. */
const longest = 2n ** 62n;
const rules: readonly Rule<TimerEntry>[] = [
  among('the clock of a timerfd', ({ clockid }) => clockid, Object.values(timerfdClocks)),
  between('the flags of a timerfd', ({ settimeFlags }) => settimeFlags, 0, settime.absolute | settime.cancelOnSet),
  between('the rest of a timerfd in seconds', ({ vsec }) => vsec, 0n, longest),
  between('the interval of a timerfd in seconds', ({ isec }) => isec, 0n, longest),
  // timerfd_settime(2), EINVAL.
  between('the rest of a timerfd in nanoseconds', ({ vnsec }) => vnsec, 0n, second - 1n),
  between('the interval of a timerfd in nanoseconds', ({ insec }) => insec, 0n, second - 1n),
];

function load({ entries, records }: LoadContext): Opener {
  for (const entry of entries) hold(timerOf(entry), 'files.img', rules);
  const moments = new Map(records?.timers?.map((it) => [it.id, it]));
  return {
    open: (entry) => openTimer(timerOf(entry)),
    start: (entry, fd) => startTimer(fd, timerOf(entry), moments.get(entry.id)),
  };
}

function timerOf(entry: FileEntry): TimerEntry {
  return ownPart(entry, 'tfd', 'timerfd');
}

function openTimer({ id, clockid, flags }: TimerEntry): number {
  try {
    const fd = syscall('timerfd_create', clockid, openFlag.O_CLOEXEC);
    setFlags(fd, flags & statusFlags);
    return fd;
  } catch (error) {
    throw refusedCall(errorCode(error), `files.img: timerfd ${id} of clock ${clockid}: ${errorCode(error)}`, {}, error);
  }
}

function startTimer(fd: number, timer: TimerEntry, moment: TimerRecord | undefined): void {
  const expires = firstExpiration(timer, moment);
  arena.scope(() => {
    const spec = arena.alloc(specSize);
    [timer.isec, timer.insec, expires / second, expires % second].forEach((part, at) => {
      spec.view.setBigUint64(at * 8, part, true);
    });
    syscall('timerfd_settime', fd, timer.settimeFlags, spec.address, 0);
    if (timer.ticks === 0n) return;
    const ticks = arena.alloc(8);
    ticks.view.setBigUint64(0, timer.ticks, true);
    syscall('ioctl', fd, setTicks, ticks.address);
  });
}

/** In nanoseconds, from now or of the clock; 0: it does not run. */
function firstExpiration(timer: TimerEntry, moment: TimerRecord | undefined): bigint {
  const { clockid, settimeFlags, isec, insec, vsec, vnsec } = timer;
  // CRIU does not ask what has been missed: one with an interval and nothing left has just expired.
  const rest = vsec === 0n && vnsec === 0n ? isec * second + insec : vsec * second + vnsec;
  if (rest === 0n || (settimeFlags & settime.absolute) === 0) return rest;
  if (isOfWallClock(timer) && moment !== undefined) return moment.expires;
  return timeOf(clockid) + rest;
}
