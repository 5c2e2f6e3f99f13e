import { expect, test } from 'vitest';
import { arena } from './arena.ts';
import { createCallList } from './call-list.ts';
import { errno } from './errors.ts';

test('each call of a row answers, one that fails too', () => {
  const list = createCallList(2, () => [{ call: ['getpid'] }, { call: ['close', 0x7fff_fff0] }, { call: ['getuid'] }]);
  list.make(2);
  for (const row of [0, 1])
    expect([0, 1, 2].map((call) => list.answer(row, call))).toEqual([process.pid, -errno.EBADF, process.getuid?.()]);
  expect(() => list.make(3)).toThrowError('3 rows of 2');
});

test('a descriptor is passed to those behind it that want it and to no more, each time anew', () => {
  arena.scope(() => {
    const path = arena.cstring('/dev/zero');
    const room = arena.alloc(64);
    const list = createCallList(1, () => [
      { call: ['openat', 0, 0, 0], passes: 2 },
      { call: ['read', 0, room.address, 64] },
      { call: ['close', 0] },
      { call: ['close', 0x7fff_fff0] },
    ]);
    list.set(0, 0, 1, path.address);
    for (let time = 0; time < 2; time++) {
      list.make(1);
      expect(list.answer(0, 0)).toBeGreaterThan(2);
      expect([1, 2, 3].map((call) => list.answer(0, call))).toEqual([64, 0, -errno.EBADF]);
    }
  });
});

test('a row that is not asked for is left alone', () => {
  const list = createCallList(3, (row) => [{ call: ['getpid'] }, { call: ['close', 0x7fff_fff0 + row] }]);
  list.make(1);
  expect([list.answer(0, 0), list.answer(1, 0), list.answer(2, 1)]).toEqual([process.pid, 0, 0]);
});
