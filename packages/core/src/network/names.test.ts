import { expect, test } from 'vitest';
import { lockTable, lockTables, newLockId } from './names.ts';

test('CRIU finds our table, however much of the id it has in the name', () => {
  const id = newLockId();
  expect(lockTables(id)).toEqual([lockTable(id)]);
  expect(newLockId()).not.toBe(id);
});

test('we find that of CRIU, which may have cut it', () => {
  expect(lockTables('0f1e2d3c-1111-2222-3333-444455556666')).toEqual([
    'CRIU-0f1e2d3c-1111-2222-3333-444455556666',
    'CRIU-0f1e2d3c-1111-2222-33',
  ]);
});
