import type { ThreadCoreEntry, ThreadSasEntry } from '@criujs/images';
import type { Area, Inquiry, TaskCall } from '../engine/remote.ts';
import { prctl } from '../facts/prctl.ts';

/** `stack_t`: pointer, flags, size. sigaltstack(2). */
const altstackSize = 24;

/** What only a thread itself can tell of itself. */
export interface ThreadAnswers {
  readonly altstack: Pick<ThreadSasEntry, 'ssSp' | 'ssSize' | 'ssFlags'>;
  /** Where the kernel writes 0 when the thread ends. set_tid_address(2). */
  readonly clearTid: bigint;
  /** The signal it gets when its parent dies, or 0. */
  readonly parentDeathSignal: number;
}

/** Asks a thread for its alternate stack, clear_child_tid and parent death signal. */
export function askThread(area: Area): Inquiry<ThreadAnswers> {
  const altstack = area.reserve(altstackSize);
  const clearTid = area.reserve(8);
  const death = area.reserve(8);
  return {
    calls: [
      ['sigaltstack', 0, altstack],
      ['prctl', prctl.getTidAddress, clearTid],
      ['prctl', prctl.getParentDeathSignal, death],
    ],
    answer: (_, read) => {
      const stack = read(altstack, altstackSize);
      return {
        altstack: { ssSp: stack.readBigUInt64LE(0), ssFlags: stack.readUInt32LE(8), ssSize: stack.readBigUInt64LE(16) },
        clearTid: read(clearTid, 8).readBigUInt64LE(0),
        parentDeathSignal: read(death, 8).readUInt32LE(0),
      };
    },
  };
}

/** Calls that give a thread its alternate stack, robust list, restartable sequence and so on. */
export function threadCalls(core: ThreadCoreEntry, clearTid: bigint): TaskCall[] {
  const calls: TaskCall[] = [];
  if (core.comm !== undefined && core.comm !== '') calls.push(nameCall(core.comm));
  if (core.sas !== undefined) {
    const bytes = Buffer.alloc(altstackSize);
    bytes.writeBigUInt64LE(core.sas.ssSp, 0);
    bytes.writeUInt32LE(core.sas.ssFlags, 8);
    bytes.writeBigUInt64LE(core.sas.ssSize, 16);
    calls.push({ name: 'sigaltstack', args: [bytes, 0], what: 'set the alternate signal stack' });
  }
  calls.push({ name: 'set_tid_address', args: [clearTid], what: 'set clear_child_tid' });
  if (core.futexRlaLen !== 0)
    calls.push({
      name: 'set_robust_list',
      args: [core.futexRla, core.futexRlaLen],
      what: 'set the list of robust futexes',
    });
  const rseq = core.rseqEntry;
  if (rseq !== undefined && rseq.rseqAbiPointer !== 0n)
    calls.push({
      name: 'rseq',
      args: [rseq.rseqAbiPointer, rseq.rseqAbiSize, 0, rseq.signature],
      what: 'register restartable sequences',
    });
  return calls;
}

/** Bytes of a task's name, with the zero behind it. prctl(2), PR_SET_NAME. */
const nameSize = 16;

/** A name as the kernel takes it. */
export function nameBytes(name: string): Buffer {
  const bytes = Buffer.alloc(nameSize);
  bytes.write(name, 0, nameSize - 1, 'latin1');
  return bytes;
}

/** The call that names a thread. */
export function nameCall(name: string): TaskCall {
  return { name: 'prctl', args: [prctl.setName, nameBytes(name), 0, 0, 0], what: 'set its name' };
}
