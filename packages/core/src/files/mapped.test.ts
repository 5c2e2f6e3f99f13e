import type { Vma } from '@criujs/linux';
import { expect, test } from 'vitest';
import { sampleFile } from '../../test/files-samples.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { mappedFrom } from './mapped.ts';
import type { Description } from './same.ts';

const file = 0o100644;
const device = 0o020600;
const openedFor = { read: 0, write: 1, both: 2, reference: 0o10000000 } as const;

function open(id: number, how: keyof typeof openedFor, mode: number = file, pid = 4242): Description {
  const seen = sampleFile({ link: '/x (deleted)', mode, flags: openedFor[how], pid });
  return { id, seen, holders: [{ pid, fd: id }] };
}

/** A map of the file that samples are: inode 2 of device 0:1. */
function map(more: Partial<Vma> = {}): Vma {
  return {
    start: 0x1000,
    end: 0x2000,
    read: true,
    write: false,
    execute: false,
    shared: false,
    offset: 0,
    major: 0,
    minor: 1,
    inode: 2,
    name: '/x',
    deleted: true,
    ...more,
  } as Vma;
}

/** The id of what is behind, or `unclear`. */
function behind(vma: Vma, ...externals: Description[]): number | 'unclear' | null {
  const found = mappedFrom(externals)(4242, vma);
  if (found === null) return null;
  return isProblem(found) ? 'unclear' : found.id;
}

test('of a regular file any open file that could have made the map serves, the process’s own first', () => {
  expect(behind(map(), open(1, 'read'), open(2, 'both'))).toBe(1);
  expect(behind(map(), open(1, 'read', file, 7), open(2, 'both'))).toBe(2);
  expect(behind(map(), open(1, 'read', file, 7))).toBe(1);
});

test('of a device each open file is something else: several are unclear', () => {
  expect(behind(map(), open(1, 'both', device), open(2, 'both', device))).toBe('unclear');
  expect(behind(map(), open(1, 'both', device))).toBe(1);
});

test('what could not have been mapped so is not behind it', () => {
  expect(behind(map(), open(1, 'write'), open(2, 'reference'))).toBeNull();
  const shared = map({ shared: true, write: true });
  expect(behind(shared, open(1, 'read'))).toBeNull();
  expect(behind(shared, open(1, 'read'), open(2, 'both'))).toBe(2);
  const mayWrite = map({ shared: true, vmFlags: new Set(['mw']) });
  expect(behind(mayWrite, open(1, 'read'))).toBeNull();
  expect(behind(map({ shared: true }), open(1, 'read'))).toBe(1);
});

test('another inode, device or name is another file, and anonymous memory none', () => {
  for (const other of [{ inode: 3 }, { minor: 2 }, { name: '/y' }, { deleted: false }, { inode: 0, name: '' }])
    expect(behind(map(other), open(1, 'both'))).toBeNull();
});
