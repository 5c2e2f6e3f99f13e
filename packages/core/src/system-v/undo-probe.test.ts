import { arena, errno, syscall, trySyscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import { ipcCommand, ipcFlag, noKey } from '../facts/system-v.ts';
import { type Operation, operationBytes, readUsers, readValues } from './semaphores.ts';
import { halved, halving, isAnything, unknownUndo } from './undo-probe.ts';
import { undoSteps } from './undo-restore.ts';

// What is undone for a thread of this process is undone when it ends: the set is removed before.

const count = 3;

function withSet(work: (id: number) => void): void {
  const id = syscall('semget', noKey, count, ipcFlag.create | 0o600);
  try {
    work(id);
  } finally {
    syscall('semctl', id, 0, ipcCommand.remove);
  }
}

function operate(id: number, operations: readonly Operation[]): number {
  return arena.scope(() => {
    const block = arena.alloc(operations.length * 6);
    block.bytes.set(operationBytes(operations));
    return trySyscall('semop', id, block.address, operations.length);
  });
}

function isOutOfRange(id: number, operations: readonly Operation[]): boolean {
  const result = operate(id, operations);
  expect([-errno.ERANGE, -errno.EAGAIN]).toContain(result);
  return result === -errno.ERANGE;
}

function find(id: number, at: number): number {
  let range = unknownUndo(at);
  const values = readValues(id, count) ?? [];
  while (range.least < range.most) range = halved(range, isOutOfRange(id, halving(range, values[at] ?? 0)));
  return range.least;
}

test.for([
  [0, 0],
  [0, 1],
  [0, -1],
  [7, 5],
  [32_767, -32_768],
  [32_767, 32_767],
  [0, 32_767],
  [0, -32_768],
  [20_000, 20_000],
  [12_345, -12_346],
])(
  'a semaphore with %i, of which %i is undone: found without changing anything, and given',
  ([value = 0, undo = 0]) => {
    withSet((id) => {
      const at = 1;
      if (value > 0) expect(operate(id, [{ at, change: value }])).toBe(0);
      for (const { lists } of undoSteps(at, value, value, [{ pid: 1, value: undo }]))
        for (const list of lists) expect(operate(id, list)).toBe(0);
      expect(readValues(id, count)).toEqual([0, value, 0]);
      const users = readUsers(id, count);
      expect(isOutOfRange(id, isAnything([0, value, 0], 0, count))).toBe(undo !== 0);
      expect(isOutOfRange(id, isAnything([0, value, 0], 2, count))).toBe(false);
      expect(find(id, at)).toBe(undo);
      expect(find(id, 0)).toBe(0);
      expect(readValues(id, count)).toEqual([0, value, 0]);
      expect(readUsers(id, count)).toEqual(users);
    });
  },
);

test('what the end of processes has undone is done again by each, first what makes it larger', () => {
  const undo = [
    { pid: 1, value: 3 },
    { pid: 2, value: -2 },
  ];
  expect(undoSteps(4, 0, 1, undo)).toEqual([
    { pid: 2, lists: [[{ at: 4, change: 2, undo: true }]] },
    { pid: 1, lists: [[{ at: 4, change: -3, undo: true }]] },
  ]);
});

test('where the kernel kept it in its range, the value is put right first', () => {
  expect(undoSteps(0, 32_767, 32_766, [{ pid: 1, value: 1 }])).toEqual([
    { pid: 1, lists: [[{ at: 0, change: 1 }]] },
    {
      pid: 1,
      lists: [
        [
          { at: 0, change: -1, undo: true },
          { at: 0, change: 1 },
        ],
      ],
    },
  ]);
});
