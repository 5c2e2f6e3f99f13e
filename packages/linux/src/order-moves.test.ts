import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Move, orderMoves } from './order-moves.ts';

/** What each number holds after the moves, when at first each holds itself; numbers from 1000 on are put aside. */
function after(moves: readonly Move[]): Map<number, number> {
  const table = new Map<number, number>();
  const holds = (fd: number): number => table.get(fd) ?? fd;
  let next = 1000;
  const ordered = orderMoves(moves, (fd) => {
    table.set(next, fd);
    return next++;
  });
  for (const { fd, as } of ordered) table.set(as, holds(fd));
  return table;
}

test.each<[string, Move[]]>([
  [
    'one after the other',
    [
      { fd: 1, as: 2 },
      { fd: 2, as: 3 },
      { fd: 3, as: 4 },
    ],
  ],
  [
    'one that stays',
    [
      { fd: 5, as: 5 },
      { fd: 6, as: 7 },
    ],
  ],
  [
    'two that change places',
    [
      { fd: 1, as: 2 },
      { fd: 2, as: 1 },
    ],
  ],
  [
    'a ring with a tail',
    [
      { fd: 1, as: 2 },
      { fd: 2, as: 3 },
      { fd: 3, as: 1 },
      { fd: 1, as: 9 },
    ],
  ],
])('%s', (_, moves) => {
  const table = after(moves);
  for (const { fd, as } of moves) expect(table.get(as), `${fd} to ${as}`).toBe(fd);
});

test('any moves end where they should', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ fd: fc.nat(12), as: fc.nat(12) }), { selector: ({ as }) => as, maxLength: 13 }),
      (moves) => {
        const table = after(moves);
        return moves.every(({ fd, as }) => table.get(as) === fd);
      },
    ),
  );
});
