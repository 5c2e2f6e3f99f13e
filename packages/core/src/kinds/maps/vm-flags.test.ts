import { readSmaps, type Vma } from '@criujs/linux';
import { expect, test } from 'vitest';
import { adviceOfVmFlag } from '../../facts/memory.ts';
import { problemOfFlags, vmFlags } from './vm-flags.ts';

const plain = { start: 0x1000, end: 0x2000, read: true, write: true, execute: false, shared: false };
const vma = (letters: readonly string[], more: Partial<Vma> = {}): Vma => ({
  ...{ ...plain, offset: 0, major: 0, minor: 0, inode: 0, name: '', deleted: false },
  ...{ vmFlags: new Set(letters), ...more },
});

test('each flag is in the table once', () => {
  const letters = vmFlags.map((flag) => flag.letters);
  expect(new Set(letters).size).toBe(letters.length);
  expect(letters).toEqual(expect.arrayContaining(Object.keys(adviceOfVmFlag)));
});

test('this kernel shows no flag that is not in the table', () => {
  const shown = new Set(readSmaps(process.pid).flatMap((it) => [...(it.vmFlags ?? [])]));
  expect(vmFlags.map(({ letters }) => letters)).toEqual(expect.arrayContaining([...shown]));
});

test('a flag that nobody knows is refused by name', () => {
  for (const letters of ['zz', '??'])
    expect(problemOfFlags(vma(['rd', 'wr', letters]))?.why).toContain(`VmFlags: ${letters}`);
});

test.each(vmFlags.map((flag) => [flag.letters, flag] as const))('%s', (letters, { treatment, remedy }) => {
  const problem = problemOfFlags(vma(['rd', letters]));
  if (treatment === 'refused') expect(problem?.remedy).toBe(remedy);
  else expect(problem).toBeNull();
});
