import { EngineError } from '@criujs/engine-kit';
import { type CompareType, compare, LinuxError, unlessGone } from '@criujs/linux';
import type { Family, Relative, TreeKind, TreeProblem } from './kind.ts';

/** Something that two processes may share and that an image of ours holds one of for each. */
interface Unshared extends Pick<TreeProblem, 'passes' | 'remedy'> {
  readonly type: CompareType;
  readonly what: string;
}

const unshared: readonly Unshared[] = [
  // A child borrows its parent's memory between vfork() and exec(), vfork(2): with a shell that is over in a moment.
  { type: 'VM', what: 'memory', remedy: 'It is between vfork() and exec(): dump it a moment later.', passes: true },
  { type: 'FILES', what: 'its table of descriptors', remedy: 'Dump it with CRIU.' },
  { type: 'FS', what: 'its working directory and umask', remedy: 'Dump it with CRIU.' },
  { type: 'SIGHAND', what: 'its signal handlers', remedy: 'Dump it with CRIU.' },
];

/** What processes share with their parent, which others do not: clone(2) with CLONE_VM and the like. */
export const sharing: TreeKind = {
  name: 'what processes share',
  describe: [
    {
      subject: 'processes',
      refused: ['processes that share memory, descriptors, directories or signal handlers with their parent (`clone`)'],
    },
  ],
  recognise,
};

function recognise(tree: Family): TreeProblem[] {
  return tree.tasks.flatMap((task) =>
    task.ppid === 0 || task.state === 'zombie'
      ? []
      : unshared
          .filter(({ type }) => shares(type, task))
          .map(
            ({ what, remedy, passes }): TreeProblem => ({
              pid: task.pid,
              command: task.command,
              resource: what,
              why: `it is shared with its parent ${task.ppid}`,
              remedy,
              ...(passes && { passes }),
            }),
          ),
  );
}

function shares(type: CompareType, task: Relative): boolean {
  try {
    // Whoever has gone meanwhile shares nothing.
    return unlessGone(() => compare(type, task.pid, task.ppid) === 0, false);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('NOT_PERMITTED', `kcmp(2) is refused (${error.code}): what processes share cannot be told`, {
      cause: error,
      remedy: "Allow kcmp in the container's seccomp filter; `criujs check` tells more.",
    });
  }
}
