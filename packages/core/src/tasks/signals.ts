import type { MessageInitShape, SaEntry, SaEntrySchema, SiginfoEntry, SiginfoEntrySchema } from '@criujs/images';
import type { RemoteCall } from '@criujs/linux';
import type { Area, Inquiry, TaskCall } from '../engine/remote.ts';
import { EngineError } from '../errors.ts';
import { fixedActions, lastSignal } from '../facts/tasks.ts';

/** `struct sigaction` of the kernel: handler, flags, restorer, mask. sigaction(2), "C library/kernel differences". */
const actionSize = 32;
/** Bytes of the kernel's signal set. */
const setSize = 8;
/** A `siginfo_t`. sigaction(2). */
const siginfoSize = 128;

/** Signals whose actions an image holds, in its order. */
const settable: readonly number[] = Array.from({ length: lastSignal }, (_, at) => at + 1).filter(
  (signal) => !fixedActions.includes(signal),
);

/** Asks a process for the actions of all signals. */
export function askActions(area: Area): Inquiry<MessageInitShape<typeof SaEntrySchema>[]> {
  const out = area.reserve(settable.length * actionSize);
  return {
    calls: settable.map((signal, at): RemoteCall => ['rt_sigaction', signal, 0, out + at * actionSize, setSize]),
    answer: (_, read) =>
      settable.map((_signal, at) => {
        const bytes = read(out + at * actionSize, actionSize);
        return {
          sigaction: bytes.readBigUInt64LE(0),
          flags: bytes.readBigUInt64LE(8),
          restorer: bytes.readBigUInt64LE(16),
          mask: bytes.readBigUInt64LE(24),
          compatSigaction: false,
        };
      }),
  };
}

/** Checks how many there are. @throws EngineError IMAGE_INVALID */
export function checkActions(actions: readonly SaEntry[], file: string): void {
  if (actions.length <= settable.length) return;
  throw new EngineError(
    'IMAGE_INVALID',
    `${file}: ${actions.length} signal actions, and there are ${settable.length} signals`,
    {
      resource: file,
    },
  );
}

/** Calls that give a process its signal actions. */
export function actionCalls(actions: readonly SaEntry[]): TaskCall[] {
  return actions.map((action, at) => {
    const bytes = Buffer.alloc(actionSize);
    bytes.writeBigUInt64LE(action.sigaction, 0);
    bytes.writeBigUInt64LE(action.flags, 8);
    bytes.writeBigUInt64LE(action.restorer, 16);
    bytes.writeBigUInt64LE(action.mask, 24);
    const signal = settable[at] as number;
    return { name: 'rt_sigaction', args: [signal, bytes, 0, setSize], what: `set the action of signal ${signal}` };
  });
}

/** Pending signals as an image keeps them. */
export function pendingEntry(signals: readonly Uint8Array[]): {
  signals: MessageInitShape<typeof SiginfoEntrySchema>[];
} {
  return { signals: signals.map((siginfo) => ({ siginfo: new Uint8Array(siginfo) })) };
}

/** Checks pending signals. @throws EngineError IMAGE_INVALID */
export function checkPending(signals: readonly SiginfoEntry[], file: string): void {
  for (const { siginfo } of signals) {
    const signal = siginfo.length === siginfoSize ? numberOf(siginfo) : 0;
    if (signal >= 1 && signal <= lastSignal) continue;
    throw new EngineError('IMAGE_INVALID', `${file}: a pending signal ${signal} in ${siginfo.length} bytes`, {
      resource: file,
    });
  }
}

/** `si_signo`. sigaction(2). */
function numberOf(siginfo: Uint8Array): number {
  return new DataView(siginfo.buffer, siginfo.byteOffset, siginfo.byteLength).getInt32(0, true);
}

/** Calls that make signals pending again. The task must send them itself: only so the kernel takes any `si_code`. */
export function pendingCalls(signals: readonly SiginfoEntry[], to: { pid: number; tid?: number }): TaskCall[] {
  return signals.map(({ siginfo }) => {
    const signal = numberOf(siginfo);
    const what = `make signal ${signal} pending`;
    return to.tid === undefined
      ? { name: 'rt_sigqueueinfo', args: [to.pid, signal, siginfo], what }
      : { name: 'rt_tgsigqueueinfo', args: [to.pid, to.tid, signal, siginfo], what };
  });
}
