import { isThreadEnding } from '@criujs/engine-kit/targets';
import { type CompareType, compare, LinuxError, unlessGone } from '@criujs/linux';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/** What a thread may have for itself by unshare(2), and the images have once for a process. */
const tables: readonly { readonly type: CompareType; readonly what: string }[] = [
  { type: 'FILES', what: 'descriptors' },
  { type: 'FS', what: 'working directory and umask' },
];

/** Threads with descriptors or directories of their own. */
export const threadTables: ProcessKind = {
  name: 'what threads do not share',
  describe: [{ subject: 'processes', refused: ['threads with descriptors or directories of their own (`unshare`)'] }],
  recognise,
};

function recognise({ pid, others }: SeenProcess): ProcessProblem[] {
  return others.flatMap(({ tid }) =>
    tables
      .filter(({ type }) => differs(type, pid, tid))
      .map(({ what }) => ({
        resource: `thread ${tid}: ${what}`,
        why: 'the thread has them for itself, and images hold them for the process as a whole',
        remedy: 'Run that part of the program as a process, or dump it before the thread calls unshare().',
      })),
  );
}

function differs(type: CompareType, pid: number, tid: number): boolean {
  try {
    // A thread that ends has let go of everything.
    return unlessGone(() => compare(type, pid, tid) !== 0 && !isThreadEnding(pid, tid), false);
  } catch (error) {
    // That processes cannot be compared at all the tree's kinds say.
    if (error instanceof LinuxError) return false;
    throw error;
  }
}
