import { readPersonality } from '@criujs/linux';
import type { ProcessKind } from './kind.ts';

/** How the kernel treats it: without random addresses and the like. personality(2). */
export const personality: ProcessKind = {
  name: 'personality',
  describe: [{ subject: 'processes', taken: ['personality'] }],
  reads: { texts: ['personality'] },
  look: ({ pid }) => ({ core: { personality: readPersonality(pid) } }),
  calls: {
    character: ({ tc: { personality: wanted } }) =>
      wanted === 0 ? [] : [{ name: 'personality', args: [wanted], what: `set personality 0x${wanted.toString(16)}` }],
  },
};
