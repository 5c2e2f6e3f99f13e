import type { MemoryArea, MemoryTrait } from '@criujs/engine-kit';
import { create, VmaEntrySchema } from '@criujs/images';
import { afterEach, expect, test, vi } from 'vitest';
import { vmaStatus } from '../../facts/memory.ts';
import { kindOfMap } from '../../kinds/maps/table.ts';
import { traitKinds } from '../../kinds/traits/table.ts';
import type { MapPlan } from './layout.ts';
import { placeTraits, supportedMemory, traitCalls } from './traits.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function plan(start: number, end: number): MapPlan {
  const status = vmaStatus.anonymousPrivate;
  const entry = create(VmaEntrySchema, { start: BigInt(start), end: BigInt(end), status });
  return { start, end, entry, kind: kindOfMap(entry), traits: new Set(), filled: false, object: null, device: null };
}

const area = (start: number, end: number, trait: MemoryTrait): MemoryArea => ({
  start,
  end,
  trait,
  name: null,
  key: null,
});
/** Two maps side by side, and a third. */
const maps = (): MapPlan[] => [plan(0x1000, 0x3000), plan(0x3000, 0x5000), plan(0x9000, 0xa000)];

test('traits of whole maps are noted with them', () => {
  const all = maps();
  placeTraits(all, [area(0x3000, 0x5000, 'sealed'), area(0x3000, 0x5000, 'droppable'), area(0x2000, 0x4000, 'guard')]);
  expect(all.map(({ traits }) => [...traits])).toEqual([[], ['sealed', 'droppable'], []]);
});

test.each([
  area(0x1000, 0x2000, 'sealed'),
  area(0x1000, 0x5000, 'sealed'),
  area(0x6000, 0x7000, 'named'),
  area(0x4000, 0x6000, 'guard'),
  area(0x0000, 0x2000, 'guard'),
  area(0x5000, 0x9000, 'guard'),
  area(0x9000, 0xb000, 'guard'),
  area(0xa000, 0xb000, 'guard'),
  area(0x3000, 0x2000, 'guard'),
  area(0x2000, 0x2000, 'guard'),
])('nothing is done to memory that is none of the process: %o', (wrong) => {
  expect(() => placeTraits(maps(), [wrong])).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});

test('a kernel that lacks something is named before anything is made; without names there is a warning', () => {
  const warnings: string[] = [];
  const lacks = (trait: MemoryTrait): void => {
    for (const kind of traitKinds) vi.spyOn(kind, 'isSupported').mockReturnValue(kind.trait !== trait);
  };
  const areas = [area(0x1000, 0x3000, 'sealed'), area(0x1000, 0x3000, 'named'), area(0x3000, 0x5000, 'named')];
  const record = { pid: 42, locksNew: 'no', keys: [], executeOnlyKey: null, areas } as const;
  const ask = () => supportedMemory(42, record, (message) => warnings.push(message)).areas;
  lacks('guard');
  expect(ask()).toEqual(areas);
  lacks('named');
  expect(ask()).toEqual(areas.slice(0, 1));
  expect(warnings).toEqual([expect.stringContaining('names of memory needs Linux 5.17')]);
  lacks('sealed');
  expect(ask).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('Linux 6.10') }));
});

test('without records there is nothing to bring back', () => {
  expect(supportedMemory(42, undefined, () => undefined)).toEqual({
    ...{ locksNew: 'no', keys: [], executeOnlyKey: null, areas: [] },
  });
});

test('seals come last', () => {
  const areas = [area(0x1000, 0x3000, 'sealed'), area(0x1000, 0x3000, 'named'), area(0x2000, 0x3000, 'guard')];
  const memory = {
    locksNew: 'no' as const,
    keys: [],
    executeOnlyKey: null,
    areas,
    maps: [],
    runs: [],
    fills: [],
    vdso: null,
    vvar: null,
    detour: null,
  };
  const names = (phase: 'filled' | 'last'): string[] => traitCalls(memory, phase).map(({ name }) => name);
  expect([names('filled'), names('last')]).toEqual([['madvise'], ['prctl', 'mseal']]);
});
