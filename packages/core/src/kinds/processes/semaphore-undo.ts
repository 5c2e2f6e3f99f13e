import { EngineError, type SemaphoreUndo } from '@criujs/engine-kit';
import { errno, errnoName, readSystemV, type SystemVObject, writeMemory } from '@criujs/linux';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { isOutOfReach, type Operation, operationBytes, readValues, shareUndo } from '../../system-v/semaphores.ts';
import { systemVName } from '../../system-v/sorts.ts';
import {
  halved,
  halving,
  isAnything,
  semaphoresAtOnce,
  type UndoRange,
  unknownUndo,
} from '../../system-v/undo-probe.ts';
import type { Conversation, ProcessKind, ProcessPart, Talk } from './kind.ts';

/** What is undone of semaphores when a process ends, semop(2). `kinds/trees/semaphores.ts` has the sets and brings it back. */
export const semaphoreUndo: ProcessKind = {
  name: 'what is undone of semaphores',
  describe: [],
  converse,
};

/** How often a set is looked at again whose values others change meanwhile. */
const tries = 20;

function converse(): Conversation | null {
  const sets = readSystemV('sem');
  return sets.length === 0 ? null : (task, talk) => undoIn(sets, task, talk);
}

function undoIn(sets: readonly SystemVObject<'sem'>[], task: FrozenTask, talk: Talk): ProcessPart {
  const own = undoOf(task, talk, 0, sets);
  task.threads.forEach(({ tid }, at) => {
    // Those of pthread_create(3) share what is undone with their process.
    if (at > 0 && !shareUndo(task.pid, tid)) refuse(task, tid, undoOf(task, talk, at, sets));
  });
  return own.length === 0 ? {} : { record: { semaphoreUndo: own } };
}

function refuse({ pid, command }: FrozenTask, tid: number, undo: readonly SemaphoreUndo[]): void {
  const [first] = undo;
  if (first === undefined) return;
  throw new EngineError(
    'UNSUPPORTED',
    `${pid} (${command}): thread ${tid} has operations on semaphore set ${first.set} undone at its end, apart from its process`,
    {
      pid,
      remedy: 'Start the thread with CLONE_SYSVSEM, as pthread_create does, or use the semaphore without SEM_UNDO.',
    },
  );
}

function undoOf(task: FrozenTask, talk: Talk, at: number, sets: readonly SystemVObject<'sem'>[]): SemaphoreUndo[] {
  return sets.flatMap((set) => {
    for (let left = tries; left > 0; left--) {
      const values = readValues(set.id, set.count);
      if (values === null) return [];
      const found = askAbout(task.pid, talk, at, set.id, values);
      const after = readValues(set.id, set.count);
      if (after?.every((value, which) => value === values[which]) !== false) return found;
    }
    throw new EngineError(
      'KERNEL',
      `what ${task.pid} (${task.command}) has undone of ${systemVName('sem', set)} cannot be told: others change it all the time`,
      { pid: task.pid, remedy: 'Dump it again when the set is used less.' },
    );
  });
}

/** Asks a thread about one set whose values are known. */
function askAbout(pid: number, talk: Talk, at: number, set: number, values: readonly number[]): SemaphoreUndo[] {
  const ask = (lists: readonly Operation[][]): boolean[] => lists.map((list) => isOutOfRange(pid, talk, at, set, list));
  const starts = Array.from(
    { length: Math.ceil(values.length / semaphoresAtOnce) },
    (_, part) => part * semaphoresAtOnce,
  );
  const parts = starts.map((from) => ({ from, to: Math.min(from + semaphoresAtOnce, values.length) }));
  const some = ask(parts.map(({ from, to }) => isAnything(values, from, to)));
  const maybe = parts
    .filter((_, which) => some[which])
    .flatMap(({ from, to }) => Array.from({ length: to - from }, (_, which) => from + which));
  const has = ask(maybe.map((one) => isAnything(values, one, one + 1)));
  let ranges: UndoRange[] = maybe.filter((_, which) => has[which]).map(unknownUndo);
  while (ranges.some(({ least, most }) => least < most)) {
    const answers = ask(ranges.map((range) => halving(range, values[range.at] ?? 0)));
    ranges = ranges.map((range, which) => halved(range, answers[which] === true));
  }
  return ranges.map(({ at: which, least }) => ({ set, at: which, value: least }));
}

function isOutOfRange(pid: number, { area, run }: Talk, at: number, set: number, list: readonly Operation[]): boolean {
  const bytes = operationBytes(list);
  writeMemory(pid, area.start, bytes);
  const [result = 0] = run(at, [['semop', set, area.start, list.length]]);
  if (result === -errno.ERANGE) return true;
  // A set that the thread may not change, or that is gone: it has nothing to be undone there.
  if (result === -errno.EAGAIN || isOutOfReach(-result)) return false;
  throw new EngineError(
    'KERNEL',
    `semop answers ${errnoName(-result)} to process ${pid}, whose semaphores are looked at`,
    {
      pid,
      remedy: 'Raise the third number of kernel.sem (operations in one call) to 500.',
    },
  );
}
