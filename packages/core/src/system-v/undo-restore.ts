import { semaphoreLimit } from '../facts/system-v.ts';
import type { Operation } from './semaphores.ts';

const { value: full } = semaphoreLimit;

/** What is to be undone of a semaphore for one process. */
export interface ProcessUndo {
  readonly pid: number;
  readonly value: number;
}

/** Operations of one process on one semaphore, in calls one after the other. */
export interface UndoStep {
  readonly pid: number;
  readonly lists: readonly (readonly Operation[])[];
}

/** What a semaphore has once these have ended, in their order: the kernel keeps it in its range. ipc/sem.c of Linux, exit_sem() */
function afterUndo(value: number, undo: readonly ProcessUndo[]): number {
  return undo.reduce((now, one) => Math.min(full, Math.max(0, now + one.value)), value);
}

/** All values that a semaphore may have once they have ended, in whatever order. */
export function valuesAfter(value: number, undo: readonly ProcessUndo[]): readonly number[] {
  return [afterUndo(value, undo), afterUndo(value, undo.toReversed())];
}

/**
 * Operations that give processes what was to be undone for them, after which the semaphore has its value again.
 *
 * Where the kernel has undone it at the end of the dumped processes, each does its operation again: should the restore fail, the kernel
 * undoes it once more. Else each does and takes back at once.
 * @param now the value that it has
 */
export function undoSteps(at: number, value: number, now: number, undo: readonly ProcessUndo[]): UndoStep[] {
  // First what makes it larger.
  const sorted = undo.toSorted((a, b) => a.value - b.value);
  if (now !== value && isInRange(now, value, sorted))
    return sorted.map(({ pid, value: one }) => ({ pid, lists: [[{ at, change: -one, undo: true }]] }));
  const [first] = sorted;
  if (first === undefined) return [];
  const move: UndoStep[] = now === value ? [] : [{ pid: first.pid, lists: [[{ at, change: value - now }]] }];
  return [...move, ...sorted.map(({ pid, value: one }) => ({ pid, lists: balanced(at, value, one) }))];
}

/** Whether the operations lead from one value to the other without leaving the range. */
function isInRange(now: number, value: number, undo: readonly ProcessUndo[]): boolean {
  let at = now;
  for (const one of undo) {
    at -= one.value;
    if (at < 0 || at > full || one.value < -full) return false;
  }
  return at === value;
}

/** Lists that change nothing but what is undone, in parts where the range of values asks for it. */
function balanced(at: number, value: number, undo: number): Operation[][] {
  const lists: Operation[][] = [];
  const sign = Math.sign(undo);
  for (let left = Math.abs(undo); left > 0; ) {
    const isRoomAbove = full - value >= value;
    const part = Math.min(left, isRoomAbove ? full - value : value);
    // The one that is undone is the opposite of what is added then.
    const counted: Operation = { at, change: -sign * part, undo: true };
    const plain: Operation = { at, change: sign * part };
    const isCountedFirst = isRoomAbove === sign < 0;
    lists.push(isCountedFirst ? [counted, plain] : [plain, counted]);
    left -= part;
  }
  return lists;
}

/** Operations that change nothing: whoever makes them was the last to use the semaphore. */
export function touch(at: number, value: number): Operation[] {
  const first = value < full ? 1 : -1;
  return [
    { at, change: first },
    { at, change: -first },
  ];
}
