import { expect, test } from 'vitest';
import type { PlanRow } from '../options.ts';
import { nameTakers } from './name-takers.ts';

const row = (taker: PlanRow['taker']): PlanRow => ({ pid: 1, command: 'sh', resource: 'descriptor 3', taker });
const asked = row({ plugin: null, hook: 'DUMP_EXT_FILE' });

test('a plugin is named where it is the only one', () => {
  expect(nameTakers([asked], { DUMP_EXT_FILE: ['gpu'] })).toEqual([row({ plugin: 'gpu', hook: 'DUMP_EXT_FILE' })]);
  expect(nameTakers([asked], { DUMP_EXT_FILE: ['gpu', 'other'] })).toEqual([asked]);
});

test('other rows stay', () => {
  const rows = [row(null), row({ engine: 'pipe' })];
  expect(nameTakers(rows, { DUMP_EXT_FILE: ['gpu'] })).toEqual(rows);
});
