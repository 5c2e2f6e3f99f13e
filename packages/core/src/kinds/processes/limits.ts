import type { RlimitEntry } from '@criujs/images';
import { arena, errnoName, readLimits, trySyscall } from '@criujs/linux';
import { limitNames } from '../../facts/tasks.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ProcessImage, ProcessKind } from './kind.ts';

const rules: readonly Rule<RlimitEntry>[] = [
  { what: 'a limit', value: ({ cur }) => cur, fits: ({ cur, max }) => cur <= max, expected: 'below its hard limit' },
];

/** Resource limits, getrlimit(2). They are set behind the threads: the process may have lowered one when it had them. */
export const limits: ProcessKind = {
  name: 'resource limits',
  describe: [{ subject: 'rights and limits', taken: ['resource limits'] }],
  reads: { texts: ['limits'] },
  // From /proc, because prlimit(2) is refused for another user's process without CAP_SYS_RESOURCE.
  look: ({ pid }) => ({
    core: { rlimits: { rlimits: readLimits(pid).map(({ soft, hard }) => ({ cur: soft, max: hard })) } },
  }),
  check(image, file) {
    hold(image, file, [between('the number of limits', (it) => limitsOf(it).length, 0, limitNames.length)]);
    for (const it of limitsOf(image)) hold(it, file, rules);
  },
  apply(image, { pid, isOwners, warn }) {
    if (isOwners) return;
    for (const failed of applyLimits(pid, limitsOf(image))) warn(failed);
  },
  // A process that is its user's already sets them itself: nobody else may without CAP_SYS_RESOURCE.
  calls: { last: (image, { pid, isOwners }) => (isOwners ? limitCalls(pid, limitsOf(image)) : []) },
};

function limitCalls(pid: number, wanted: readonly RlimitEntry[]): TaskCall[] {
  return changed(pid, wanted).map(({ resource, pair }) => ({
    name: 'prlimit64',
    args: [0, resource, pair, 0],
    optional: true,
    what: `set the limit of ${limitNames[resource]}`,
  }));
}

function limitsOf({ tc }: ProcessImage): readonly RlimitEntry[] {
  return tc.rlimits?.rlimits ?? [];
}

/** Returns what could not be set: raising a limit above our own needs CAP_SYS_RESOURCE. */
function applyLimits(pid: number, wanted: readonly RlimitEntry[]): string[] {
  return changed(pid, wanted).flatMap(({ resource, pair }) => {
    const result = arena.scope(() => {
      const block = arena.alloc(pair.length);
      block.bytes.set(pair);
      return trySyscall('prlimit64', pid, resource, block.address, 0);
    });
    return result < 0 ? [`cannot set the limit of ${limitNames[resource]}: ${errnoName(-result)}`] : [];
  });
}

/** Limits that it has not, each as `struct rlimit`. getrlimit(2) */
function changed(pid: number, wanted: readonly RlimitEntry[]): { resource: number; pair: Buffer }[] {
  const now = readLimits(pid);
  return wanted.flatMap(({ cur, max }, resource) => {
    const has = now[resource];
    if (has === undefined || (has.soft === cur && has.hard === max)) return [];
    const pair = Buffer.alloc(16);
    pair.writeBigUInt64LE(cur, 0);
    pair.writeBigUInt64LE(max, 8);
    return [{ resource, pair }];
  });
}
