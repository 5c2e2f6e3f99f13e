import { decodeImage, type EntryInit, encodeImage } from '@criujs/images';
import { expect, test } from 'vitest';
import { fileTypes } from './file-type.ts';
import { findKind, kindOfEntry } from './kind-of-entry.ts';
import type { FileEntry } from './opening.ts';

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };

function entry(message: EntryInit<'FILES'>): FileEntry {
  const [record] = decodeImage('FILES', encodeImage('FILES', [{ message }]));
  if (record === undefined) throw new Error('no entry');
  return record.message;
}

const path = (mode: number | undefined, flags = 0): FileEntry => {
  const reg = { id: 7, flags, pos: 0n, fown, name: '/x', ...(mode === undefined ? {} : { mode }) };
  return entry({ type: fileTypes.REG, id: 7, reg });
};

const socket = (uflags: number): FileEntry => {
  const opts = { soSndbuf: 0, soRcvbuf: 0, soSndTmoSec: 0n, soSndTmoUsec: 0n, soRcvTmoSec: 0n, soRcvTmoUsec: 0n };
  const rest = { type: 1, state: 1, flags: 0, backlog: 0, peer: 0, name: new Uint8Array(), fown, opts };
  return entry({ type: fileTypes.UNIXSK, id: 7, usk: { id: 7, ino: 9, uflags, ...rest } });
};

test.each([
  ['a regular file', path(0o100644), 'regular file'],
  ['a file whose type was not recorded', path(undefined), 'regular file'],
  ['a directory', path(0o040755), 'directory'],
  ['a directory that is only pointed at', path(0o040755, 0o10000000), 'regular file'],
  ['a device', path(0o020666), 'device without state'],
  ['a socket that a plugin took', socket(4), 'unix socket to outside of the tree'],
  ['the other end of one', socket(1), 'unix socket to outside of the tree'],
])('%s is of the kind that dumps such', (_what, file, kind) => {
  expect(findKind(file)?.name).toBe(kind);
});

test('an entry is told from others of its type by what it says', () => {
  expect(findKind(socket(0))?.name).toBe('unix socket inside of the tree');
  const network = entry({ type: fileTypes.INETSK, id: 7 });
  expect(findKind(network)).toBeUndefined();
  expect(() => kindOfEntry(network)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  expect(findKind(socket(1))?.isOpenFile?.(socket(1))).toBe(false);
  expect(findKind(socket(4))?.isOpenFile?.(socket(4))).toBe(true);
});

test('a kind knows what its entries have in common with all others', () => {
  expect(kindOfEntry(path(0o100644, 0o2)).common(path(0o100644, 0o2))).toMatchObject({ flags: 2, fown });
  const external = entry({ type: fileTypes.EXT, id: 7, ext: { id: 7, fown: { ...fown, signum: 12 } } });
  expect(kindOfEntry(external).common(external)).toMatchObject({ flags: 0, fown: { signum: 12 } });
});
