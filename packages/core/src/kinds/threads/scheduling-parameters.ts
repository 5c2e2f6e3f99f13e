import type { SchedulingAttributes } from '@criujs/engine-kit';
import { arena, trySyscall } from '@criujs/linux';
import { scheduleAttributes as at, policy, scheduleFlag } from '../../facts/scheduling.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';

/** Clamps that clamp nothing. sched(7). */
const free = { least: 0, most: 1024 } as const;

/** Policies whose `runtime` is the time slice. */
const normal: readonly number[] = [policy.other, policy.batch, policy.idle];

/** What sched_getattr(2) tells beside policy, nice value and priority; undefined: nothing that is not the kernel's own. */
export function schedulingOf(tid: number): SchedulingAttributes | undefined {
  const found = read(tid);
  const own = read(0);
  if (found === null || own === null) return undefined;
  const { flags, deadline, period } = found;
  // Without clamps in the kernel both are 0.
  const clamps = own.most > 0 && (found.least !== free.least || found.most !== free.most);
  const slice = normal.includes(found.policy) && normal.includes(own.policy);
  const runtime = slice && found.runtime === own.runtime ? 0n : found.runtime;
  if (flags === 0 && runtime === 0n && deadline === 0n && !clamps) return undefined;
  return { flags, runtime, deadline, period, clamps: clamps ? { least: found.least, most: found.most } : undefined };
}

/** Calls that set them, behind those for policy and nice value. */
export function parameterCalls(
  wanted: SchedulingAttributes,
  now: { readonly policy: number; readonly nice: number },
): TaskCall[] {
  const calls: TaskCall[] = [];
  const { runtime, deadline, period, clamps } = wanted;
  const flags = wanted.flags & (scheduleFlag.resetOnFork | scheduleFlag.deadline);
  if (now.policy === policy.deadline || runtime !== 0n)
    calls.push(setAttributes({ ...now, flags, runtime, deadline, period }, 'set the times of its scheduling'));
  if (clamps !== undefined)
    calls.push(
      setAttributes({ ...now, flags: scheduleFlag.keepAll | scheduleFlag.clamps, clamps }, 'clamp its utilisation'),
    );
  return calls;
}

interface Wanted extends Partial<Pick<SchedulingAttributes, 'runtime' | 'deadline' | 'period' | 'clamps'>> {
  readonly policy: number;
  readonly nice: number;
  readonly flags: number;
}

function setAttributes(
  { runtime = 0n, deadline = 0n, period = 0n, clamps, ...wanted }: Wanted,
  what: string,
): TaskCall {
  const bytes = Buffer.alloc(at.size);
  bytes.writeUInt32LE(at.size, 0);
  bytes.writeUInt32LE(wanted.policy, at.policy);
  bytes.writeBigUInt64LE(BigInt(wanted.flags), at.flags);
  bytes.writeInt32LE(wanted.nice, at.nice);
  bytes.writeBigUInt64LE(runtime, at.runtime);
  bytes.writeBigUInt64LE(deadline, at.deadline);
  bytes.writeBigUInt64LE(period, at.period);
  bytes.writeUInt32LE(clamps?.least ?? 0, at.leastClamp);
  bytes.writeUInt32LE(clamps?.most ?? 0, at.mostClamp);
  return { name: 'sched_setattr', args: [0, bytes, 0], optional: true, what };
}

function read(
  tid: number,
): (Omit<SchedulingAttributes, 'clamps'> & { policy: number; least: number; most: number }) | null {
  return arena.scope(() => {
    const { address, view } = arena.alloc(at.size);
    if (trySyscall('sched_getattr', tid, address, at.size, 0) < 0) return null;
    return {
      policy: view.getUint32(at.policy, true),
      flags: Number(view.getBigUint64(at.flags, true)),
      runtime: view.getBigUint64(at.runtime, true),
      deadline: view.getBigUint64(at.deadline, true),
      period: view.getBigUint64(at.period, true),
      least: view.getUint32(at.leastClamp, true),
      most: view.getUint32(at.mostClamp, true),
    };
  });
}
