import type { MemoryRecord } from '@criujs/engine-kit';
import type { TaskCall } from '../../machinery/calls/remote.ts';

type Keys = Pick<MemoryRecord, 'keys' | 'executeOnlyKey'>;

/**
 * Calls that allocate protection keys while there are no maps. The kernel gives the lowest free one: all are taken up to the last that
 * is needed. One is free again then, which the kernel finds for memory that may only be executed. pkeys(7)
 */
export function allocateKeys({ keys, executeOnlyKey }: Keys): TaskCall[] {
  const all = keysUpToLast({ keys, executeOnlyKey });
  const allocate = all.map(
    (key): TaskCall => ({ name: 'pkey_alloc', args: [0, 0], what: `get protection key ${key}` }),
  );
  return executeOnlyKey === null ? allocate : [...allocate, free(executeOnlyKey)];
}

/** Calls that give back those which it did not have, once all maps have their protection. */
export function freeKeys({ keys, executeOnlyKey }: Keys): TaskCall[] {
  return keysUpToLast({ keys, executeOnlyKey })
    .filter((key) => !keys.includes(key) && key !== executeOnlyKey)
    .map(free);
}

function keysUpToLast({ keys, executeOnlyKey }: Keys): number[] {
  const last = Math.max(0, executeOnlyKey ?? 0, ...keys);
  return Array.from({ length: last }, (_, at) => at + 1);
}

function free(key: number): TaskCall {
  return { name: 'pkey_free', args: [key], what: `give back protection key ${key}` };
}
