import { release } from 'node:os';
import { helperImage, LinuxError, pidfdOpen, readStatus, type Status, spawnImage, syscall } from '@criujs/linux';
import { endProcesses } from '../../machinery/make/end.ts';

/** A process to test on: it sleeps, belongs to this check alone, and ends with it. */
export interface ProbeChild {
  /** null: it could not be started; `reason` tells why. */
  readonly pid: number | null;
  readonly reason: string;
  /** Where its memory lies. */
  readonly base: number;
  readonly kernel: string;
  /** Rights of this process. */
  readonly self: Status;
  end(): void;
}

const base = 0x1000_0000;
const size = 0x10_0000;

/** Starts the process; `end` must be called. */
export function probeChild(): ProbeChild {
  const { pid, reason } = start();
  return {
    pid,
    reason,
    base,
    kernel: release(),
    self: readStatus(process.pid),
    end() {
      // Not waited for yet, so the pid is still its own.
      if (pid !== null) endProcesses([pid]);
    },
  };
}

function start(): { pid: number | null; reason: string } {
  try {
    return { pid: spawnImage(helperImage(base, size), { inherit: [] }), reason: '' };
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    return { pid: null, reason: error.message };
  }
}

/** Runs `use` with a pidfd of the child. */
export function withPidfd<T>(pid: number, use: (pidfd: number) => T): T {
  const pidfd = pidfdOpen(pid);
  try {
    return use(pidfd);
  } finally {
    syscall('close', pidfd);
  }
}
