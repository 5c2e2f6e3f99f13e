import { errno } from '@criujs/linux';
import { expect, test } from 'vitest';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { protectionKeys } from './protection-keys.ts';

const task = { pid: 42, command: 'keeper' } as unknown as FrozenTask;
const answer = (results: readonly number[]) => {
  const [question] = protectionKeys.ask?.(task) ?? [];
  const inquiry = question?.({ reserve: () => 0 });
  expect(inquiry?.calls.map(([name]) => name)).toEqual(Array(15).fill('pkey_mprotect'));
  return () => inquiry?.answer(results, () => Buffer.alloc(0));
};
const free = Array<number>(15).fill(-errno.EINVAL);

test('keys that are free, or that the kernel does not have, are nothing', () => {
  expect(answer(free)()).toEqual({});
  expect(answer(Array(15).fill(-errno.ENOSYS))()).toEqual({});
});

test('allocated ones are refused by their numbers', () => {
  expect(answer(free.with(2, -errno.ENOMEM).with(14, -errno.ENOMEM))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', pid: 42, message: expect.stringContaining('(it has 3, 15)') }),
  );
});
