import type { Vma } from '@criujs/linux';
import { expect, test } from 'vitest';
import { addressEnd } from '../../facts/memory.ts';
import type { MapPlace } from '../../kinds/maps/kind.ts';
import type { MapPlan } from './layout.ts';
import { steeredCalls } from './steered.ts';

const place: MapPlace = { source: () => 5, object: () => 0 };

function map(start: number, end: number, steered: boolean): MapPlan {
  const kind = { steered, make: () => ({ name: 'mmap', args: [0, end - start], expect: start, what: 'map' }) };
  return { start, end, kind } as unknown as MapPlan;
}

const now = [
  { start: 0x20000, end: 0x30000 },
  { start: 0x50000, end: 0x60000 },
] as Vma[];

test('while a map is made there is no other place for it, and afterwards nothing is left of that', () => {
  const maps = [map(0x20000, 0x30000, false), map(0x31000, 0x32000, true), map(0x32000, 0x34000, true)];
  const taken = new Map<number, number>();
  const made: unknown[] = [];
  for (const { name, args, expect: at } of steeredCalls(maps, now, 0x10000, place)) {
    const [start = 0, length = 0] = args.map(Number);
    if (name === 'munmap') taken.delete(start);
    else if (start !== 0) taken.set(start, length);
    else {
      const all = [...now, ...[...taken].map(([start, length]) => ({ start, end: start + length }))];
      const bytes = all.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(bytes, 'all but its place').toBe(addressEnd - 0x10000 - length);
      made.push(at);
      taken.set(Number(at), length);
    }
  }
  expect(made).toEqual([0x31000, 0x32000]);
  expect([...taken.keys()]).toEqual(made);
});

test('most processes need none of it', () => {
  expect(steeredCalls([map(0x20000, 0x30000, false)], now, 0x10000, place)).toEqual([]);
});
