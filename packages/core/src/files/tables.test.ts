import { create, type FdinfoEntry, FdinfoEntrySchema, FdTypes, FileEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import type { FileEntry } from '../kinds/files/opening.ts';
import { filesById, readTables } from './tables.ts';

const file = (id: number, type: FdTypes = FdTypes.REG): FileEntry => create(FileEntrySchema, { id, type }) as FileEntry;
const entry = (fd: number, id: number, type: FdTypes = FdTypes.REG): FdinfoEntry =>
  create(FdinfoEntrySchema, { fd, id, type, flags: 0 });

test('a good table is read by number', () => {
  const tables = readTables(new Map([[2, [entry(0, 1), entry(5, 1)]]]), filesById([file(1)], []));
  expect([...(tables.get(2)?.keys() ?? [])]).toEqual([0, 5]);
});

test.each<[string, FdinfoEntry[]]>([
  ['1048576 is not a possible descriptor number', [entry(2 ** 20, 1)]],
  ['descriptor 3 is there twice', [entry(3, 1), entry(3, 1)]],
  ['leads to file 9, which files.img does not have', [entry(3, 9)]],
  ['leads to file 1 as PIPE, which files.img has as REG', [entry(3, 1, FdTypes.PIPE)]],
])('a table is refused: %s', (message, entries) => {
  expect(() => readTables(new Map([[2, entries]]), filesById([file(1)], []))).toThrow(
    expect.objectContaining({ code: 'IMAGE_INVALID', message: expect.stringContaining(message) }),
  );
});

test('two files of one id are refused', () => {
  expect(() => filesById([file(1), file(1, FdTypes.PIPE)], [])).toThrow(/files\.img: file 1 is there twice/);
});
