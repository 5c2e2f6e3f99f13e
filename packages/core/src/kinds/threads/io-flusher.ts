import { prctl } from '../../facts/prctl.ts';
import type { ThreadKind } from './kind.ts';

/** PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE, which PR_SET_IO_FLUSHER sets, in /proc/PID/stat. linux/sched.h. */
const flusherFlags = 0x18_0000;

/** Whether it serves a file system and must not wait for one. Needs CAP_SYS_RESOURCE. PR_SET_IO_FLUSHER(2const). */
export const ioFlusher: ThreadKind = {
  name: 'I/O flusher',
  describe: [{ subject: 'processes', taken: ['I/O flusher flag'] }],
  // A thread that has given up the right to set it may not ask for it either.
  look: ({ stat: { flags } }) => ((flags & flusherFlags) === flusherFlags ? { record: { ioFlusher: true } } : {}),
  ask: () => ({
    calls: [['prctl', prctl.getIoFlusher, 0, 0, 0, 0]],
    answer: ([found = -1]) => (found === 1 ? { record: { ioFlusher: true } } : {}),
  }),
  calls: (_, { recorded }) =>
    recorded?.ioFlusher === true
      ? [{ name: 'prctl', args: [prctl.setIoFlusher, 1, 0, 0, 0], optional: true, what: 'make it an I/O flusher' }]
      : [],
};
