import { memoryTraits } from '@criujs/engine-kit';
import type { Vma } from '@criujs/linux';
import { expect, test } from 'vitest';
import { traitKinds, traitsOf } from './table.ts';

const vma = (more: Partial<Vma>): Vma => ({
  ...{ start: 0x1000, end: 0x3000, read: true, write: true, execute: false, shared: false, offset: 0 },
  ...{ major: 0, minor: 0, inode: 0, name: '', deleted: false, ...more },
});
const found = (more: Partial<Vma>): (string | null)[][] => traitsOf(vma(more)).map(({ trait, name }) => [trait, name]);

test('each trait of the records has a kind, and no other', () => {
  expect(traitKinds.map(({ trait }) => trait)).toEqual([...memoryTraits]);
});

test('flags and names of a map tell its traits', () => {
  expect(found({ vmFlags: new Set(['rd', 'wr', 'ac']) })).toEqual([]);
  expect(found({ vmFlags: new Set(['dp', 'lo', 'lf', 'sl']), name: '[anon:mine]' })).toEqual([
    ['droppable', null],
    ['locked-on-fault', null],
    ['named', 'mine'],
    ['sealed', null],
  ]);
  expect(traitsOf(vma({ vmFlags: new Set(['sl']) }))).toMatchObject([{ start: 0x1000, end: 0x3000 }]);
});

test.each([
  ['[anon:]', ''],
  ['[anon_shmem:shared by us]', 'shared by us'],
  ['[anon:odd: (deleted)]', 'odd: (deleted)'],
])('%s is a name', (name, given) => {
  expect(found({ name })).toEqual([['named', given]]);
});

test.each(['', '[heap]', '[stack]', '/usr/lib/[anon:x]', 'anon_inode:[x]'])('%j is none', (name) => {
  expect(found({ name })).toEqual([]);
});

test('what the kernel seals is its own', () => {
  expect(found({ name: '[vdso]', vmFlags: new Set(['sl']) })).toEqual([]);
});

test('a name is given by one call, with its end', () => {
  const area = { start: 0x1000, end: 0x3000, trait: 'named', name: 'mine', key: null } as const;
  const calls = traitKinds.find(({ trait }) => trait === 'named')?.calls(area, 3);
  expect(calls).toMatchObject([{ name: 'prctl', args: [0x5356_4d41, 0, 0x1000, 0x2000, Buffer.from('mine\0')] }]);
});

test('a protection key comes with the protection of its map', () => {
  expect(traitsOf(vma({ protectionKey: 0 }))).toEqual([]);
  const [area] = traitsOf(vma({ protectionKey: 7 }));
  expect(area).toMatchObject({ trait: 'protection-key', key: 7 });
  const calls = area && traitKinds.find(({ trait }) => trait === 'protection-key')?.calls(area, 3);
  expect(calls).toMatchObject([{ name: 'pkey_mprotect', args: [0x1000, 0x2000, 3, 7] }]);
});
