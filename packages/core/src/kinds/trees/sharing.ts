import type { CompareType } from '@criujs/linux';
import { unsupported } from '../rules.ts';
import type { Family, TreeIdentity, TreeKind, TreeProblem } from './kind.ts';
import { sharedTables, sharersIn } from './shared-tables.ts';

/** Something that processes may have in common, clone(2). */
interface Shared extends Pick<TreeProblem, 'passes' | 'remedy'> {
  readonly type: CompareType;
  readonly what: string;
  /** Whether a process may have it in common with its parent. */
  readonly isRestored?: true;
}

/** A process that shares something with none but its parent can be cloned again. */
const notFromParent = 'Dump it before the process between them calls unshare() or ends.';

const shared: readonly Shared[] = [
  // A child borrows its parent's memory between vfork() and exec(), vfork(2): with a shell that is over in a moment.
  { type: 'VM', what: 'memory', remedy: 'It is between vfork() and exec(): dump it a moment later.', passes: true },
  { type: 'FILES', what: 'its table of descriptors', remedy: notFromParent, isRestored: true },
  { type: 'FS', what: 'its working directory and umask', remedy: notFromParent, isRestored: true },
  { type: 'SIGHAND', what: 'its signal handlers', remedy: 'Dump it with CRIU.' },
];

/** What processes share: clone(2) with CLONE_FILES, CLONE_FS and the like. */
export const sharing: TreeKind = {
  name: 'what processes share',
  describe: [
    {
      subject: 'processes',
      taken: [
        'tables of descriptors and directories that a process shares with its parent (`CLONE_FILES`, `CLONE_FS`)',
      ],
      refused: ['processes that share memory or signal handlers (`clone`)'],
    },
  ],
  recognise,
  check,
};

function recognise(tree: Family): TreeProblem[] {
  const living = tree.tasks.filter(({ state }) => state !== 'zombie');
  return shared.flatMap(({ type, what, remedy, passes, isRestored }) => {
    const firsts = sharersIn(tree, type);
    return living.flatMap(({ pid, ppid, command }): TreeProblem[] => {
      const first = firsts.get(pid) ?? pid;
      const isWithParent = firsts.get(ppid) === first;
      if (first === pid || (isRestored && isWithParent)) return [];
      const why = isWithParent
        ? `it is shared with its parent ${ppid}`
        : `it is shared with process ${first}, and not with its parent`;
      return [{ pid, command, resource: what, why, remedy, ...(passes && { passes }) }];
    });
  });
}

/** @throws EngineError UNSUPPORTED */
function check({ tasks }: TreeIdentity): void {
  const living = tasks.filter((task) => task.state !== 'zombie');
  const byPid = new Map(living.map((task) => [task.pid, task]));
  for (const { id, what } of sharedTables) {
    const firsts = new Map<number, number>();
    for (const task of living) {
      const number = task.ids[id];
      const first = firsts.get(number);
      if (first === undefined) firsts.set(number, task.pid);
      else if (byPid.get(task.ppid)?.ids[id] !== number)
        throw unsupported(
          `ids-${task.pid}.img: process ${task.pid} shares ${what} with process ${first}, and not with its parent`,
          'Dump it again before the process between them calls unshare() or ends.',
        );
    }
  }
}
