import type { Registers } from '@criujs/linux';
import { addressEnd } from '../../facts/memory.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ThreadKind } from './kind.ts';
import { registersOf, threadInfo, xstateOf } from './registers-image.ts';

/** A selector of user mode; the kernel lets 0 stand where none is needed. Intel SDM volume 3, 3.4.2. */
const isUserSelector = (value: bigint): boolean => value <= 0xffffn && (value & 3n) === 3n;

const rules: readonly Rule<Registers>[] = [
  ...(['fs_base', 'gs_base'] as const).map((name) =>
    between<Registers>(name, (it) => it.get(name), 0n, BigInt(addressEnd) - 1n),
  ),
  ...(['ds', 'es', 'fs', 'gs', 'ss'] as const).map(
    (name): Rule<Registers> => ({
      what: name,
      value: (it) => it.get(name),
      fits: (it) => isUserSelector(it.get(name)) || (name !== 'ss' && it.get(name) === 0n),
      expected: 'a selector of user mode',
    }),
  ),
];

/** Bits of MXCSR that any processor has; the rest are refused by it. Intel SDM volume 1, 10.2.3; bit 17 is AMD's. */
const mostMxcsr = 0x2_ffff;

/**
 * Registers and floating point state. They come last of all (`engine/restore/resume.ts`): from then on it runs no code of ours.
 */
export const registers: ThreadKind = {
  name: 'registers',
  describe: [
    {
      subject: 'processor',
      taken: ['registers, FPU and vector state (x86-64)'],
      refused: ['other processors', '32-bit programs'],
    },
    { subject: 'signals', taken: ['masks'] },
  ],
  look: ({ xstate, mask }, { saved }) => ({
    threadInfo: threadInfo(saved, xstate),
    threadCore: { blkSigset: mask },
  }),
  check({ info }, file) {
    hold(registersOf(info, file), file, rules);
    hold(info.fpregs, file, [between('mxcsr', (it) => it?.mxcsr, 0, mostMxcsr)]);
    xstateOf(info, file);
  },
};
