import { affinity } from './affinity.ts';
import { alternateStack } from './alternate-stack.ts';
import { callDispatch } from './call-dispatch.ts';
import { clearTid } from './clear-tid.ts';
import { coreScheduling } from './core-scheduling.ts';
import { credentials } from './credentials.ts';
import { deathSignal } from './death-signal.ts';
import { ioFlusher } from './io-flusher.ts';
import { ioPriority } from './io-priority.ts';
import { keyrings } from './keyrings.ts';
import type { ThreadKind } from './kind.ts';
import { landlock } from './landlock.ts';
import { machineCheck } from './machine-check.ts';
import { memoryPolicy } from './memory-policy.ts';
import { threadName } from './name.ts';
import { pendingSignals } from './pending.ts';
import { registers } from './registers.ts';
import { restartableSequences } from './restartable-sequences.ts';
import { robustFutexes } from './robust-futexes.ts';
import { scheduling } from './scheduling.ts';
import { speculation } from './speculation.ts';
import { timerSlack } from './timer-slack.ts';
import { trappedInstructions } from './trapped-instructions.ts';

/** Every subject of a thread, in the order in which its calls are made. */
export const threadKinds: readonly ThreadKind[] = [
  registers,
  threadName,
  alternateStack,
  clearTid,
  robustFutexes,
  restartableSequences,
  affinity,
  // Real-time threads have none, and the kernel sets it then; the deadline policy looks at the affinity.
  timerSlack,
  scheduling,
  ioPriority,
  ioFlusher,
  machineCheck,
  memoryPolicy,
  speculation,
  trappedInstructions,
  credentials,
  // The kernel forgets it when credentials change.
  deathSignal,
  pendingSignals,
  keyrings,
  landlock,
  coreScheduling,
  // Behind all other calls.
  callDispatch,
];
