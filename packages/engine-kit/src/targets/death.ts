import { decodeStatus, LinuxError, readStat, type Stat, signalName, unlessGone } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import { hasEnded, isEnding } from './ended.ts';
import { pause } from './pause.ts';

/** A process that is being dumped. */
export interface DumpedProcess {
  readonly pid: number;
  readonly command: string;
  /** As it was at first: with the pid, its start time tells it from a later process. */
  readonly stat: Pick<Stat, 'startTime'>;
}

/** How long a process that was killed may take until it shows it, in milliseconds. */
const patienceMs = 200;
/** Between two looks. */
const stepMs = 2;
/** What the kernel answers of a process whose end has begun. */
const signsOfDeath: ReadonlySet<string> = new Set(['ESRCH', 'ENOENT', 'EFAULT', 'EIO']);

/**
 * Finds a process that ended while it was being dumped: whatever failed then failed for that reason. An abort stays one.
 *
 * @param failure what the dump met; null when nothing failed yet
 * @returns TARGET_DIED; null while all of them live
 */
export function deathOf(tasks: readonly DumpedProcess[], failure: unknown): EngineError | null {
  if (failure instanceof EngineError && failure.code === 'ABORTED') return null;
  // A process that was killed leaves its stop before it shows that it ends.
  const until = performance.now() + (mayComeOfDeath(failure) ? patienceMs : 0);
  for (;;) {
    for (const task of tasks) {
      const end = endOf(task);
      if (end !== null) return died(task, end, failure);
    }
    if (performance.now() >= until) return null;
    pause(stepMs);
  }
}

/** Does something with processes that are being dumped. @throws EngineError TARGET_DIED in place of what it threw, where one ended */
export function orDeath<T>(tasks: readonly DumpedProcess[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw deathOf(tasks, error) ?? error;
  }
}

function mayComeOfDeath(failure: unknown): boolean {
  if (failure instanceof EngineError) return failure.code === 'TARGET_DIED';
  return failure instanceof LinuxError && signsOfDeath.has(failure.code);
}

/** How a process ended, in words; null while it lives. */
function endOf({ pid, stat }: DumpedProcess): string | null {
  const now = unlessGone(() => readStat(pid), null);
  if (now === null || now.startTime !== stat.startTime) return 'it is gone';
  if (hasEnded(now)) return endText(now.exitCode);
  return isEnding(pid, now) ? 'its end has begun' : null;
}

function endText(status: number): string {
  const stop = decodeStatus(status);
  if (stop.kind === 'killed') return `${signalName(stop.signal)} ended it`;
  return stop.kind === 'exited' ? `it exited with code ${stop.code}` : 'it is gone';
}

function died({ pid, command }: DumpedProcess, end: string, failure: unknown): EngineError {
  return targetDied(pid, `process ${pid} (${command}) ended while it was being dumped: ${end}`, failure ?? undefined);
}

/** The target, or a process of it, has ended: there is nothing left that could run on. */
export function targetDied(
  pid: number,
  message: string = `process ${pid} ended while it was being dumped`,
  cause?: unknown,
): EngineError {
  return new EngineError('TARGET_DIED', message, {
    pid,
    cause,
    remedy: 'Find out what ended it, start it again, and dump it then.',
  });
}
