import type { FdinfoEntry } from '@criujs/images';
import { readLimits } from '@criujs/linux';
import { EngineError } from '../../../errors.ts';
import { limitNames } from '../../../facts/tasks.ts';

const openFiles = limitNames.indexOf('open files');

/** Checks that the descriptors of all tables are numbers that this process may have: restored ones begin with its limit. @throws EngineError KERNEL */
export function checkDescriptorLimit(tables: ReadonlyMap<number, readonly FdinfoEntry[]>): void {
  let highest = 0;
  for (const entries of tables.values()) for (const { fd } of entries) highest = Math.max(highest, fd);
  const most = readLimits(process.pid)[openFiles]?.soft;
  if (most === undefined || BigInt(highest) < most) return;
  throw new EngineError('KERNEL', `a process had descriptor ${highest}, and the limit of open files is ${most}`, {
    remedy: `Raise the limit of open files: ulimit -n ${highest + 1}, or more.`,
  });
}
