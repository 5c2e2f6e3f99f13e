import { readMemory } from '@criujs/linux';
import { prctl } from '../../facts/prctl.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ProcessProblem } from '../processes/kind.ts';
import type { ThreadKind } from './kind.ts';

/** SYSCALL_DISPATCH_FILTER_ALLOW: the selector says that calls go through. linux/prctl.h. */
const allow = 0;

/**
 * System calls that raise SIGSYS, for programs that run those of another system. While its selector blocks calls, it would block
 * ours too. PR_SET_SYSCALL_USER_DISPATCH(2const).
 */
export const callDispatch: ThreadKind = {
  name: 'system call dispatch',
  describe: [
    {
      subject: 'processes',
      taken: ['system call user dispatch'],
      refused: ['system call user dispatch while it blocks calls'],
    },
  ],
  recognise,
  look({ tracee }) {
    const found = tracee.callDispatch();
    return found === null ? {} : { record: { callDispatch: found } };
  },
  calls(_, { recorded }) {
    if (recorded?.callDispatch === undefined) return [];
    const { mode, offset, length, selector } = recorded.callDispatch;
    return [
      {
        name: 'prctl',
        args: [prctl.setCallDispatch, mode, offset, length, selector],
        what: 'dispatch its system calls',
      },
    ];
  },
};

function recognise({ tid, tracee }: FrozenThread): ProcessProblem[] {
  const found = tracee.callDispatch();
  if (found === null || (found.selector !== 0n && selectorOf(tid, found.selector) === allow)) return [];
  return [
    {
      resource: 'system call user dispatch',
      why: `thread ${tid} blocks its system calls at this moment, and would block those of a dump`,
      remedy: 'Dump it at a moment at which its selector allows calls.',
    },
  ];
}

/** Undefined: the selector lies in memory that cannot be read. */
function selectorOf(tid: number, address: bigint): number | undefined {
  try {
    return readMemory(tid, Number(address), 1)[0];
  } catch {
    return undefined;
  }
}
