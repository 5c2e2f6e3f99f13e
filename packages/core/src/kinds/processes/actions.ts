import type { MessageInitShape, SaEntry, SaEntrySchema } from '@criujs/images';
import type { RemoteCall } from '@criujs/linux';
import { fixedActions, lastSignal } from '../../facts/tasks.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { invalid } from '../rules.ts';
import type { ProcessKind, ProcessPart } from './kind.ts';

/** `struct sigaction` of the kernel: handler, flags, restorer, mask. sigaction(2), "C library/kernel differences". */
const actionSize = 32;
/** Bytes of the kernel's signal set. */
const setSize = 8;

/** Signals whose actions an image holds, in its order. */
const settable: readonly number[] = Array.from({ length: lastSignal }, (_, at) => at + 1).filter(
  (signal) => !fixedActions.includes(signal),
);

/** What the process does when a signal comes. */
export const actions: ProcessKind = {
  name: 'signal actions',
  describe: [{ subject: 'signals', taken: ['handlers'] }],
  ask: () => [askActions],
  check({ tc }, file) {
    const count = tc.sigactions.length;
    if (count > settable.length)
      throw invalid(file, `${count} signal actions, but there are ${settable.length} signals`);
  },
  calls: { character: ({ tc }) => tc.sigactions.map(setAction) },
};

function askActions(area: Area): Inquiry<ProcessPart> {
  const out = area.reserve(settable.length * actionSize);
  return {
    calls: settable.map((signal, at): RemoteCall => ['rt_sigaction', signal, 0, out + at * actionSize, setSize]),
    answer: (_, read) => ({
      core: { sigactions: settable.map((_signal, at) => entryOf(read(out + at * actionSize, actionSize))) },
    }),
  };
}

function entryOf(bytes: Buffer): MessageInitShape<typeof SaEntrySchema> {
  return {
    sigaction: bytes.readBigUInt64LE(0),
    flags: bytes.readBigUInt64LE(8),
    restorer: bytes.readBigUInt64LE(16),
    mask: bytes.readBigUInt64LE(24),
    compatSigaction: false,
  };
}

function setAction(action: SaEntry, at: number): TaskCall {
  const bytes = Buffer.alloc(actionSize);
  bytes.writeBigUInt64LE(action.sigaction, 0);
  bytes.writeBigUInt64LE(action.flags, 8);
  bytes.writeBigUInt64LE(action.restorer, 16);
  bytes.writeBigUInt64LE(action.mask, 24);
  const signal = settable[at] as number;
  return { name: 'rt_sigaction', args: [signal, bytes, 0, setSize], what: `set the action of signal ${signal}` };
}
