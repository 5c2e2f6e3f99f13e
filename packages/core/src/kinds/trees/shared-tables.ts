import { EngineError } from '@criujs/engine-kit';
import { type CompareType, compare, LinuxError, unlessGone } from '@criujs/linux';
import type { TaskImage } from '../../engine/restore/read.ts';
import { cloneFlag } from '../../facts/clone.ts';
import type { Family } from './kind.ts';

/** What a process may have in common with its parent, and the images have a number for. */
export const sharedTables: readonly {
  readonly id: 'filesId' | 'fsId';
  readonly flag: number;
  readonly what: string;
}[] = [
  { id: 'filesId', flag: cloneFlag.files, what: 'a table of descriptors' },
  { id: 'fsId', flag: cloneFlag.filesystem, what: 'a working directory' },
];

/** Flags of clone(2) for a process that shares with its parent. */
export function sharingFlags(task: Pick<TaskImage, 'ids'>, parent: Pick<TaskImage, 'ids'>): number {
  return sharedTables.reduce((flags, { id, flag }) => (task.ids[id] === parent.ids[id] ? flags | flag : flags), 0);
}

const known = new WeakMap<Family, Map<CompareType, ReadonlyMap<number, number>>>();

/** The same of the living processes of a tree, which is asked once for each thing. @throws EngineError NOT_PERMITTED */
export function sharersIn(tree: Family, type: CompareType): ReadonlyMap<number, number> {
  const before = known.get(tree) ?? new Map<CompareType, ReadonlyMap<number, number>>();
  known.set(tree, before);
  const living = tree.tasks.filter(({ state }) => state !== 'zombie');
  const firsts =
    before.get(type) ??
    firstSharers(
      type,
      living.map(({ pid }) => pid),
    );
  before.set(type, firsts);
  return firsts;
}

/**
 * Which of some processes have something in common: each by the pid of the first of those that have the same, in their order.
 * The kernel tells an order of what it compares, so that not each must be compared with each. kcmp(2).
 * @throws EngineError NOT_PERMITTED
 */
function firstSharers(type: CompareType, pids: readonly number[]): ReadonlyMap<number, number> {
  const place = new Map(pids.map((pid, at) => [pid, at]));
  const placeOf = (pid: number): number => place.get(pid) ?? 0;
  const sorted = [...pids].sort((a, b) => order(type, a, b) || placeOf(a) - placeOf(b));
  const firsts = new Map<number, number>();
  sorted.forEach((pid, at) => {
    const before = sorted[at - 1];
    const isSame = before !== undefined && order(type, before, pid) === 0;
    firsts.set(pid, isSame ? (firsts.get(before) ?? before) : pid);
  });
  return firsts;
}

/** As Array.sort() takes it. */
function order(type: CompareType, a: number, b: number): number {
  if (a === b) return 0;
  try {
    // Whoever has gone meanwhile shares nothing.
    const answer = unlessGone(() => compare(type, a, b), 3);
    if (answer === 0) return 0;
    return answer === 1 || (answer === 3 && a < b) ? -1 : 1;
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('NOT_PERMITTED', `kcmp(2) is refused (${error.code}): what processes share cannot be told`, {
      cause: error,
      remedy: "Allow kcmp in the container's seccomp filter; `criujs check` tells more.",
    });
  }
}
