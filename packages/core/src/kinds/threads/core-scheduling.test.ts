import { expect, test } from 'vitest';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import { coreScheduling } from './core-scheduling.ts';

const answer = (result: number, cookie: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(cookie);
  const inquiry = coreScheduling.ask?.({ reserve: () => 0x1000 }, { tid: 7 } as FrozenThread);
  expect(inquiry?.calls).toEqual([['prctl', 62, 0, 0, 0, 0x1000]]);
  return inquiry?.answer([result], () => bytes);
};

test('no cookie, or no core scheduling in this kernel, is nothing', () => {
  expect(answer(0, 0n)).toEqual({});
  expect(answer(-19, 5n)).toEqual({});
});

test('a cookie is refused by its thread', () => {
  expect(answer(0, 5n)).toMatchObject({
    refused: [{ resource: 'core scheduling', why: expect.stringContaining('thread 7') }],
  });
});
