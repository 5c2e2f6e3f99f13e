import { checkQueue, queueCalls, queueEntry } from '../queued-signals.ts';
import type { ProcessKind } from './kind.ts';

/** Signals that wait for whichever thread takes them. */
export const pendingSignals: ProcessKind = {
  name: 'pending signals of the process',
  describe: [{ subject: 'signals', taken: ['pending signals'] }],
  look: ({ threads }) => ({ core: { signalsS: queueEntry(threads[0]?.tracee.pendingSignals(true) ?? []) } }),
  check: ({ tc }, file) => checkQueue(tc.signalsS?.signals ?? [], file),
  calls: { last: ({ tc }, { pid }) => queueCalls(tc.signalsS?.signals ?? [], { pid }) },
};
