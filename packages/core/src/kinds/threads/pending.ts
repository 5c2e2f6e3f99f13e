import { checkQueue, queueCalls, queueEntry } from '../queued-signals.ts';
import type { ThreadKind } from './kind.ts';

/** Signals that wait for this thread alone. */
export const pendingSignals: ThreadKind = {
  name: 'pending signals',
  describe: [],
  look: (_, { pending }) => ({ threadCore: { signalsP: queueEntry(pending) } }),
  check: ({ own }, file) => checkQueue(own.signalsP?.signals ?? [], file),
  calls: ({ own }, { pid, tid }) => queueCalls(own.signalsP?.signals ?? [], { pid, tid }),
};
