import { EngineError } from '@criujs/engine-kit';
import { readSystemV, type SystemVObject } from '@criujs/linux';
import type { FrozenTree } from '../../machinery/freeze/freeze.ts';
import { descriptionOf } from '../../system-v/description.ts';
import { readUsers, readValues, shareUndo } from '../../system-v/semaphores.ts';
import { systemVName } from '../../system-v/sorts.ts';
import type { Family, SaveContext, TreeKind, TreeResource } from './kind.ts';
import { loadSemaphores, setImage } from './semaphores-load.ts';

/**
 * System V semaphore sets: those that a process of the tree was the last to use, or of which something is undone when one ends. semop(2)
 */
export const semaphores: TreeKind = {
  name: 'System V semaphores',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['System V semaphores that a process of the tree used last, and what is undone at its end (`SEM_UNDO`)'],
      refused: ['threads with a `SEM_UNDO` list of their own'],
    },
  ],
  survey,
  save,
  load: loadSemaphores,
};

function survey({ tasks }: Family): TreeResource[] {
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  return readSystemV('sem').flatMap((set): TreeResource[] => {
    const user = readUsers(set.id, set.count)?.find((pid) => byPid.has(pid));
    const task = byPid.get(user ?? 0);
    if (task === undefined) return [];
    const { pid, command } = task;
    return [
      { pid, command, resource: `${systemVName('sem', set)}, ${set.count} semaphore${set.count === 1 ? '' : 's'}` },
    ];
  });
}

/** A set of the tree. */
interface UsedSet {
  readonly set: SystemVObject<'sem'>;
  readonly values: readonly number[];
  readonly users: readonly { readonly at: number; readonly pid: number }[];
}

function save(tree: FrozenTree, { images, records, attributes }: SaveContext): void {
  const undoers = new Map<number, number[]>();
  for (const { tid, process } of attributes)
    for (const { set } of process?.semaphoreUndo ?? []) undoers.set(set, [...(undoers.get(set) ?? []), tid]);
  for (const pids of undoers.values()) refuseShared([...new Set(pids)]);
  const pids = new Set(tree.tasks.map(({ pid }) => pid));
  const used = readSystemV('sem').flatMap((set): UsedSet[] => {
    const users = readUsers(set.id, set.count);
    const values = readValues(set.id, set.count);
    if (users === null || values === null) return [];
    const own = users.flatMap((pid, at) => (pids.has(pid) ? [{ at, pid }] : []));
    return own.length > 0 || undoers.has(set.id) ? [{ set, values, users: own }] : [];
  });
  if (used.length === 0) return;
  images.write(
    'IPCNS_SEM',
    setImage,
    used.map(({ set, values }) => ({
      message: { desc: descriptionOf(set), nsems: set.count },
      data: new Uint8Array(Uint16Array.from(values).buffer),
    })),
  );
  records.systemV.sets.push(...used.map(({ set: { id, ctime }, users }) => ({ id, ctime, users })));
}

/** Only threads of one process are made again with one list of what is undone. clone(2), CLONE_SYSVSEM */
function refuseShared(pids: readonly number[]): void {
  pids.forEach((pid, at) => {
    const other = pids.slice(0, at).find((before) => shareUndo(before, pid));
    if (other === undefined) return;
    throw new EngineError(
      'UNSUPPORTED',
      `processes ${other} and ${pid} share what is undone of semaphores (CLONE_SYSVSEM)`,
      {
        pid,
        remedy: 'Start the process without CLONE_SYSVSEM, as fork does.',
      },
    );
  });
}
