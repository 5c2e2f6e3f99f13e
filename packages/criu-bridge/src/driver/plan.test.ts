import type { PlanRow } from '@criujs/engine-kit';
import { expect, test } from 'vitest';
import { planRow } from './plan.ts';

const row = { pid: 7, command: 'sleep', subject: 'file', resource: 'descriptor 3: x' } as const;
const taker = { plugin: 'keeper', hook: 'DUMP_EXT_FILE', claimed: true, asked: [] } as const;

test('a plugin is asked by CRIU too for what no engine knows', () => {
  expect(planRow({ ...row, taker })).toEqual({ ...row, taker });
});

test('what the engine knows and asks plugins for is CRIU’s own matter', () => {
  const asked: PlanRow = { ...row, taker, reason: 'it has no name any more', conflict: ['keeper', 'other'] };
  expect(planRow(asked)).toEqual({
    ...row,
    taker: { engine: 'CRIU' },
    why: 'whether CRIU takes it shows at the dump.',
  });
});

test('what the engine refuses may be CRIU’s, and says why the engine does', () => {
  expect(planRow({ ...row, taker: null, why: 'it is locked', remedy: 'unlock it' })).toMatchObject({
    taker: { engine: 'CRIU' },
    why: 'whether CRIU takes it shows at the dump. The embedded engine would refuse it: it is locked.',
  });
});
