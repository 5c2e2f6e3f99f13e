import { alternateStack } from './alternate-stack.ts';
import { clearTid } from './clear-tid.ts';
import { credentials } from './credentials.ts';
import { deathSignal } from './death-signal.ts';
import type { ThreadKind } from './kind.ts';
import { threadName } from './name.ts';
import { pendingSignals } from './pending.ts';
import { registers } from './registers.ts';
import { restartableSequences } from './restartable-sequences.ts';
import { robustFutexes } from './robust-futexes.ts';
import { scheduling } from './scheduling.ts';
import { seccompFilters } from './seccomp.ts';

/** Every subject of a thread, in the order in which its calls are made. */
export const threadKinds: readonly ThreadKind[] = [
  registers,
  threadName,
  alternateStack,
  clearTid,
  robustFutexes,
  restartableSequences,
  scheduling,
  credentials,
  // The kernel forgets it when credentials change.
  deathSignal,
  pendingSignals,
  seccompFilters,
];
