import { EngineError } from '@criujs/engine-kit';
import type { FdinfoEntry } from '@criujs/images';
import { openFilesLimit } from '../../../files/limit.ts';
import { mostDescriptors } from '../../../files/tables.ts';
import { invalid } from '../../../kinds/rules.ts';

/**
 * Checks that the descriptors of all tables are numbers that this process may have: restored ones begin with its limit. @throws
 * EngineError IMAGE_INVALID, KERNEL
 */
export function checkDescriptorLimit(tables: ReadonlyMap<number, readonly FdinfoEntry[]>): void {
  let highest = 0;
  for (const [filesId, entries] of tables) {
    for (const { fd } of entries) {
      if (fd >= mostDescriptors) throw invalid(`fdinfo-${filesId}.img`, `${fd} is not a valid descriptor number`);
      highest = Math.max(highest, fd);
    }
  }
  const most = openFilesLimit()?.soft;
  if (most === undefined || BigInt(highest) < most) return;
  throw new EngineError('KERNEL', `a process had descriptor ${highest}, but the limit of open files is ${most}`, {
    remedy: `Raise the limit of open files: ulimit -n ${highest + 1}, or more.`,
  });
}
