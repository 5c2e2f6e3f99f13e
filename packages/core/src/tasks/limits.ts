import type { MessageInitShape, RlimitEntry, RlimitEntrySchema } from '@criujs/images';
import { arena, errnoName, readLimits, trySyscall } from '@criujs/linux';
import { limitNames } from '../facts/tasks.ts';

/** The limits of a process. From /proc, because prlimit(2) is refused for another user's process without CAP_SYS_RESOURCE. */
export function limitEntries(pid: number): MessageInitShape<typeof RlimitEntrySchema>[] {
  return readLimits(pid).map(({ soft, hard }) => ({ cur: soft, max: hard }));
}

/**
 * Gives a process its limits, from outside.
 *
 * @returns what could not be set: raising a limit above one's own needs CAP_SYS_RESOURCE.
 */
export function applyLimits(pid: number, limits: readonly RlimitEntry[]): string[] {
  const now = readLimits(pid);
  return limits.flatMap(({ cur, max }, resource) => {
    const has = now[resource];
    if (has === undefined || (has.soft === cur && has.hard === max)) return [];
    const result = arena.scope(() => {
      const pair = arena.alloc(16);
      pair.view.setBigUint64(0, cur, true);
      pair.view.setBigUint64(8, max, true);
      return trySyscall('prlimit64', pid, resource, pair.address, 0);
    });
    return result < 0 ? [`process ${pid}: cannot set the limit of ${limitNames[resource]}: ${errnoName(-result)}`] : [];
  });
}
