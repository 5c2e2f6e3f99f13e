import type { Status } from '@criujs/linux';
import { expect, test } from 'vitest';
import { maySee } from './landlock.ts';

const status = (id: number, capPrm: bigint, more: Partial<Status> = {}): Status => {
  return { uids: [id, id, id, id], gids: [id, id, id, id], capPrm, ...more } as Status;
};

test.each([
  ['the same user, without rights', status(1000, 0n), status(1000, 0n), true],
  ['the same user, the thread with more rights', status(0, 7n), status(0, 3n), true],
  ['the same user, the engine with more rights', status(0, 3n), status(0, 7n), false],
  ['another user', status(1000, 0n), status(0, 0n), false],
  ['a thread that only acts as another', status(0, 0n, { uids: [0, 1000, 1000, 1000] }), status(0, 0n), true],
  ['an engine that could become another', status(1000, 0n), status(1000, 0n, { gids: [1000, 1000, 0, 1000] }), false],
])('%s: %s', (_, thread, engine, sees) => {
  expect(maySee(thread, engine)).toBe(sees);
});
