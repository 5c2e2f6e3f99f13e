import type { ThreadCoreEntry } from '@criujs/images';
import { errno } from '@criujs/linux';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ProcessProblem } from '../processes/kind.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

const rules: readonly Rule<ThreadCoreEntry>[] = [
  // rseq(2): the first version has 32 bytes.
  between(
    'the size of restartable sequences',
    ({ rseqEntry }) => (rseqEntry?.rseqAbiPointer ? rseqEntry.rseqAbiSize : undefined),
    20,
    4096,
  ),
];

/** Its area for restartable sequences. rseq(2). */
export const restartableSequences: ThreadKind = {
  name: 'restartable sequences',
  describe: [{ subject: 'processor', taken: ['restartable sequences'] }],
  look: (_, { rseq }) =>
    rseq === null
      ? {}
      : {
          threadCore: {
            rseqEntry: { rseqAbiPointer: rseq.pointer, rseqAbiSize: rseq.size, signature: rseq.signature },
          },
        },
  ask: (area, thread) => (thread.tracee.rseq() === 'unknown' ? search(area, thread) : nothing),
  check: ({ own }, file) => hold(own, file, rules),
  calls: ({ own: { rseqEntry: rseq } }) =>
    rseq === undefined || rseq.rseqAbiPointer === 0n
      ? []
      : [
          {
            name: 'rseq',
            args: [rseq.rseqAbiPointer, rseq.rseqAbiSize, 0, rseq.signature],
            what: 'register restartable sequences',
          },
        ],
};

const nothing: Inquiry<ThreadPart> = { calls: [], answer: () => ({}) };

/** What a kernel that cannot tell the registration takes: the first version of the area. rseq(2). */
const firstVersion = { size: 32, alignment: 32 } as const;
/** RSEQ_SIG of x86, with which the C library registers. sys/rseq.h of glibc. */
const librarySignature = 0x5305_3053;
/** RSEQ_FLAG_UNREGISTER. linux/rseq.h */
const unregister = 1;
/** How far the area may be from the thread pointer on either side: the C library has it in its own data there. In bytes. */
const reach = 8192;

/**
 * Before Linux 5.13 the kernel does not show the registration, but it answers differently where a second one is tried: EBUSY for the
 * area that is registered, EPERM if the signature differs, EINVAL for all others. Where there was none, the first call registers an
 * area of ours, and the last one takes that back.
 */
export function search(
  area: Area,
  { tid, registers }: Pick<FrozenThread, 'tid'> & { readonly registers: { get(name: 'fs_base'): bigint } },
): Inquiry<ThreadPart> {
  const ours = Math.ceil(area.reserve(2 * firstVersion.size) / firstVersion.alignment) * firstVersion.alignment;
  const pointer = Number(registers.get('fs_base'));
  const middle = pointer - (pointer % firstVersion.alignment);
  const candidates = Array.from(
    { length: (2 * reach) / firstVersion.alignment },
    (_, at) => middle - reach + at * firstVersion.alignment,
  ).filter((address) => address > 0);
  const register = (address: number, flags: number): Inquiry<ThreadPart>['calls'][number] => {
    return ['rseq', address, firstVersion.size, flags, librarySignature];
  };
  return {
    calls: [register(ours, 0), ...candidates.map((address) => register(address, 0)), register(ours, unregister)],
    answer: ([first = 0, ...others]) => {
      if (first !== -errno.EINVAL) return {};
      const found = candidates[others.indexOf(-errno.EBUSY)];
      if (found === undefined) return { refused: [unseen(tid)] };
      const size = firstVersion.size;
      return {
        threadCore: { rseqEntry: { rseqAbiPointer: BigInt(found), rseqAbiSize: size, signature: librarySignature } },
      };
    },
  };
}

function unseen(tid: number): ProcessProblem {
  return {
    resource: 'restartable sequences',
    why: `thread ${tid} has registered them, and this kernel does not show where`,
    remedy: 'Dump it under Linux 5.13 or newer.',
  };
}
