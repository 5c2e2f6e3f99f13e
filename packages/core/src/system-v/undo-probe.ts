import { semaphoreLimit } from '../facts/system-v.ts';
import type { Operation } from './semaphores.ts';

// What the kernel will undo for a task when it ends, semop(2), only the task itself can find out: no call shows it. But an operation
// with SEM_UNDO fails with ERANGE where the sum would leave its range, and a list of operations does all or nothing. So each list here
// ends with an operation that cannot be done: it fails with EAGAIN where the range was kept, and nothing is changed either way.

const { value: full, leastUndo, mostUndo, operations: mostOperations } = semaphoreLimit;

/** Cannot be done at any value. */
function never(at: number): Operation {
  return { at, change: -full - 1 };
}

/** Operations without undo that bring a semaphore from one value to another. */
function move(at: number, from: number, to: number): Operation[] {
  return from === to ? [] : [{ at, change: to - from }];
}

/** Fails with ERANGE if anything is to be undone of a semaphore; else it leaves the value 1. */
function anything(at: number, value: number): Operation[] {
  return [
    ...move(at, value, full),
    // More than 0 to be undone: the sum becomes too large.
    { at, change: -full, undo: true },
    { at, change: full, undo: true },
    ...move(at, full, 0),
    // Less than 0: it becomes too small.
    { at, change: full, undo: true },
    ...move(at, full, 0),
    { at, change: 1, undo: true },
  ];
}

/** Operations that {@link anything} takes for one semaphore. */
const operationsForOne = 7;

/** How many semaphores one call asks about. */
export const semaphoresAtOnce: number = Math.floor((mostOperations - 1) / operationsForOne);

/** A list that fails with ERANGE if anything is to be undone of some semaphores, with EAGAIN if nothing is. */
export function isAnything(values: readonly number[], from: number, to: number): Operation[] {
  const each = Array.from({ length: to - from }, (_, at) => anything(from + at, values[from + at] ?? 0));
  return [...each.flat(), never(from)];
}

/** The same if more than `limit` is to be undone of a semaphore; for a negative limit the other way round. */
function isBeyond(at: number, value: number, limit: number): Operation[] {
  if (limit >= 0) return [...move(at, value, full), { at, change: limit - mostUndo, undo: true }, never(at)];
  const change = limit + 1 - leastUndo;
  const first = Math.min(change, full);
  const rest: Operation[] = change > first ? [...move(at, first, 0), { at, change: change - first, undo: true }] : [];
  return [...move(at, value, 0), { at, change: first, undo: true }, ...rest, never(at)];
}

/** What is known of what is to be undone of one semaphore: it lies between these, both included. */
export interface UndoRange {
  readonly at: number;
  readonly least: number;
  readonly most: number;
}

/** Nothing is known of it but that it is something. */
export function unknownUndo(at: number): UndoRange {
  return { at, least: leastUndo, most: mostUndo };
}

function middleOf({ least, most }: UndoRange): number {
  return Math.floor((least + most) / 2);
}

/** A list whose failure halves a range. */
export function halving(range: UndoRange, value: number): Operation[] {
  return isBeyond(range.at, value, middleOf(range));
}

/** The half that an answer leaves. @param isOutOfRange ERANGE, and not EAGAIN */
export function halved(range: UndoRange, isOutOfRange: boolean): UndoRange {
  const middle = middleOf(range);
  const isAbove = middle >= 0 ? isOutOfRange : !isOutOfRange;
  return isAbove ? { ...range, least: middle + 1 } : { ...range, most: middle };
}
