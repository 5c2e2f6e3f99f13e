import { EngineError } from '@criujs/engine-kit';
import { errno, LinuxError, signals, waitPatiently, writeMemory } from '@criujs/linux';
import type { ZombieImage } from '../../engine/restore/read.ts';
import { prctl } from '../../facts/prctl.ts';
import { nameBytes } from '../../kinds/task-name.ts';
import { own } from './clone.ts';
import type { BuiltThread, Workshop } from './helper.ts';

/** What is left of a process that has ended. */
export type Ending = Pick<ZombieImage, 'pid' | 'exitCode' | 'command'>;

/** The part of a wait status that says which signal ended a process. wait(2), WTERMSIG. */
const signalOf = (status: number): number => status & 0x7f;

/** Ends a process the way it had ended before, and leaves it for its parent to find. */
export function endAsBefore(thread: BuiltThread, parent: BuiltThread, image: Ending, workshop: Workshop): void {
  const signal = signalOf(image.exitCode);
  if (endsNobody.has(signal)) throw notAnEnd(image, signal);
  const { start } = workshop.data;
  writeMemory(thread.pid, start, nameBytes(image.command));
  own(thread, workshop, 'prctl', [prctl.setName, start, 0, 0, 0]);
  // No core file of our helper's memory.
  writeMemory(thread.pid, start, Buffer.alloc(16));
  own(thread, workshop, 'prlimit64', [0, rlimitCore, start, 0]);
  if (signal === 0) exit(thread, workshop, (image.exitCode >> 8) & 0xff);
  else die(thread, signal, workshop);
  workshop.made.forget(thread.pid);
  // The parent knew of this end before: a call that it makes lets the new SIGCHLD arrive, and pass, now.
  own(parent, workshop, 'getpid', []);
}

/** RLIMIT_CORE. getrlimit(2). */
const rlimitCore = 4;

function exit(thread: BuiltThread, workshop: Workshop, code: number): void {
  try {
    own(thread, workshop, 'exit_group', [code]);
  } catch (error) {
    // It never comes back from this call.
    if (!(error instanceof LinuxError && error.errno === errno.ESRCH)) throw error;
  }
}

function die(thread: BuiltThread, signal: number, { waiting }: Workshop): void {
  thread.tracee.setSignalMask(0n);
  process.kill(thread.pid, signal);
  // SIGKILL waits for nobody's permission.
  if (signal !== signals.SIGKILL) thread.tracee.resume();
  for (
    let stop = waitPatiently(thread.tid, waiting);
    stop.kind === 'stopped';
    stop = waitPatiently(thread.tid, waiting)
  )
    thread.tracee.resume(stop.event === 0 ? stop.signal : 0);
}

/** Signals that end no process by default. signal(7). */
const endsNobody: ReadonlySet<number> = new Set([
  signals.SIGCHLD,
  signals.SIGURG,
  signals.SIGWINCH,
  signals.SIGCONT,
  signals.SIGSTOP,
  signals.SIGTSTP,
  signals.SIGTTIN,
  signals.SIGTTOU,
]);

function notAnEnd({ pid, exitCode }: Ending, signal: number): EngineError {
  const message = `core-${pid}.img: the process is recorded as ended by signal ${signal} (exit code ${exitCode}), which ends no process`;
  return new EngineError('IMAGE_INVALID', message, {
    pid,
    resource: `core-${pid}.img`,
    remedy: 'Use another copy of the dump: this image is damaged.',
  });
}
