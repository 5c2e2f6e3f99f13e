import {
  type ItimerEntry,
  isFieldSet,
  type RlimitEntry,
  type TaskCoreEntry,
  TaskCoreEntrySchema,
} from '@criujs/images';
import { lastSignal, limitNames, stopSignals, terminates } from '../../../facts/tasks.ts';
import { checkActions, checkPending } from '../../../tasks/signals.ts';
import { among, between, hold, invalid, type Rule } from './rules.ts';

const process: readonly Rule<TaskCoreEntry>[] = [
  between('the number of limits', (tc) => tc.rlimits?.rlimits.length, 0, limitNames.length),
  // proc_pid_oom_score_adj(5).
  between(
    'the oom score',
    (tc) => (isFieldSet(tc, TaskCoreEntrySchema.field.oomScoreAdj) ? tc.oomScoreAdj : undefined),
    -1000,
    1000,
  ),
];

const limit: readonly Rule<RlimitEntry>[] = [
  { what: 'a limit', value: ({ cur }) => cur, fits: ({ cur, max }) => cur <= max, expected: 'below its hard limit' },
];

/** The kernel counts in signed 64 bits. timeval(3type). */
const longest = 2n ** 62n;
const timer: readonly Rule<ItimerEntry>[] = [
  between('the interval of a timer in seconds', ({ isec }) => isec, 0n, longest),
  between('the rest of a timer in seconds', ({ vsec }) => vsec, 0n, longest),
  // setitimer(2), EINVAL.
  between('the interval of a timer in microseconds', ({ iusec }) => iusec, 0n, 999_999n),
  between('the rest of a timer in microseconds', ({ vusec }) => vusec, 0n, 999_999n),
];

const stopped: readonly Rule<TaskCoreEntry>[] = [
  among('the signal that stopped it', ({ stopSigno }) => stopSigno, [0, ...stopSignals]),
];

/** Checks what an image says of a living process as a whole. @throws EngineError IMAGE_INVALID */
export function checkProcess(tc: TaskCoreEntry, file: string, isStopped: boolean): void {
  hold(tc, file, process);
  if (isStopped) hold(tc, file, stopped);
  for (const it of tc.rlimits?.rlimits ?? []) hold(it, file, limit);
  const { real, virt, prof } = tc.timers ?? {};
  for (const it of [real, virt, prof]) if (it !== undefined) hold(it, file, timer);
  checkActions(tc.sigactions, file);
  checkPending(tc.signalsS?.signals ?? [], file);
}

/** The bits of a wait status of a process that has ended: signal, whether there is a core file, exit code. wait(2). */
const status = { all: 0xffff, signal: 0x7f, code: 0xff00 } as const;

/** Checks how a process had ended: it is to end so again. @throws EngineError IMAGE_INVALID */
export function checkEnd({ exitCode }: TaskCoreEntry, file: string): void {
  const signal = exitCode & status.signal;
  const isExit = signal === 0;
  const fits = isExit || (signal <= lastSignal && terminates(signal) && (exitCode & status.code) === 0);
  if (exitCode > status.all || !fits)
    throw invalid(file, `its exit status is 0x${exitCode.toString(16)}, which no process ends with`);
}
