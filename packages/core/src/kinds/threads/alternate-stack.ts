import type { ThreadSasEntry } from '@criujs/images';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { among, between, hold, type Rule } from '../rules.ts';
import type { ThreadImage, ThreadKind, ThreadPart } from './kind.ts';

/** `stack_t`: pointer, flags, size. sigaltstack(2). */
const stackSize = 24;
/** SS_DISABLE, and MINSIGSTKSZ of x86-64. sigaltstack(2), asm-generic/signal.h. */
const disabled = 2;
const smallest = 2048n;
const autodisarm = 0x8000_0000;

const rules: readonly Rule<ThreadSasEntry>[] = [
  among('the mode of the alternate signal stack', ({ ssFlags }) => (ssFlags & ~autodisarm) >>> 0, [0, 1, disabled]),
  between(
    'the size of the alternate signal stack',
    ({ ssFlags, ssSize }) => (ssFlags & disabled ? undefined : ssSize),
    smallest,
    2n ** 47n,
  ),
];

/** The stack that signal handlers may run on. sigaltstack(2). */
export const alternateStack: ThreadKind = {
  name: 'alternate signal stack',
  describe: [{ subject: 'signals', taken: ['alternate stacks'] }],
  ask: askStack,
  check({ own: { sas } }, file) {
    if (sas !== undefined) hold(sas, file, rules);
  },
  calls: setStack,
};

function askStack(area: Area): Inquiry<ThreadPart> {
  const out = area.reserve(stackSize);
  return {
    calls: [['sigaltstack', 0, out]],
    answer: (_, read) => {
      const stack = read(out, stackSize);
      const [ssSp, ssFlags, ssSize] = [stack.readBigUInt64LE(0), stack.readUInt32LE(8), stack.readBigUInt64LE(16)];
      return { threadCore: { sas: { ssSp, ssSize, ssFlags } } };
    },
  };
}

function setStack({ own: { sas } }: ThreadImage): TaskCall[] {
  if (sas === undefined) return [];
  const bytes = Buffer.alloc(stackSize);
  bytes.writeBigUInt64LE(sas.ssSp, 0);
  bytes.writeUInt32LE(sas.ssFlags, 8);
  bytes.writeBigUInt64LE(sas.ssSize, 16);
  return [{ name: 'sigaltstack', args: [bytes, 0], what: 'set the alternate signal stack' }];
}
