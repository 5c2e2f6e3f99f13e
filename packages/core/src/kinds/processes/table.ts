import { actions } from './actions.ts';
import { aioRings } from './aio-rings.ts';
import { controlGroups } from './control-groups.ts';
import { coreDumpFilter } from './core-dump-filter.ts';
import { dumpable } from './dumpable.ts';
import { hugePages } from './huge-pages.ts';
import { intervalTimers } from './interval-timers.ts';
import type { ProcessKind } from './kind.ts';
import { layout } from './layout.ts';
import { limits } from './limits.ts';
import { login } from './login.ts';
import { mainThread } from './main-thread.ts';
import { membarrier } from './membarrier.ts';
import { memoryDenied } from './memory-denied.ts';
import { memoryMerge } from './memory-merge.ts';
import { processName } from './name.ts';
import { namespaces } from './namespaces.ts';
import { oomScore } from './oom-score.ts';
import { pendingSignals } from './pending.ts';
import { personality } from './personality.ts';
import { posixTimers } from './posix-timers.ts';
import { rangePolicies } from './range-policies.ts';
import { registeredRings } from './registered-rings.ts';
import { runState } from './run-state.ts';
import { seccomp } from './seccomp.ts';
import { securityLabel } from './security-label.ts';
import { semaphoreUndo } from './semaphore-undo.ts';
import { sessionNice } from './session-nice.ts';
import { signalHandlers } from './signal-handlers.ts';
import { subreaper } from './subreaper.ts';
import { taggedAddresses } from './tagged-addresses.ts';
import { threadTables } from './thread-tables.ts';
import { tracers } from './tracers.ts';
import { tracing } from './tracing.ts';

/** Every subject of a process, in the order in which its calls are made. */
export const processKinds: readonly ProcessKind[] = [
  mainThread,
  tracing,
  threadTables,
  taggedAddresses,
  seccomp,
  signalHandlers,
  namespaces,
  securityLabel,
  runState,
  layout,
  actions,
  personality,
  subreaper,
  membarrier,
  hugePages,
  memoryMerge,
  rangePolicies,
  processName,
  limits,
  oomScore,
  coreDumpFilter,
  sessionNice,
  login,
  dumpable,
  pendingSignals,
  intervalTimers,
  posixTimers,
  tracers,
  // Other subjects may need executable memory; a control group may hold it to a limit.
  memoryDenied,
  controlGroups,
  semaphoreUndo,
  registeredRings,
  aioRings,
];
