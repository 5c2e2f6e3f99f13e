import { getFlags, LinuxError, setFlags } from '@criujs/linux';
import { openFlag } from '../kinds/files/flags.ts';
import type { CommonPart, FileEntry } from '../kinds/files/kind.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import { restoreOwner } from '../kinds/files/owner.ts';
import type { Session } from '../run/session.ts';

/** Sets who gets the signals of each file, and only then switches those signals on. */
export function restoreOwners(
  opened: ReadonlyMap<number, number>,
  files: ReadonlyMap<number, FileEntry>,
  pids: (old: number) => number,
  session: Session,
): void {
  for (const [id, fd] of opened) {
    const entry = files.get(id);
    const common = entry && kindOfEntry(entry).common(entry);
    if (common === undefined || !hasSignals(common)) continue;
    const trouble = restoreOwner(fd, common.fown, pids) ?? switchOn(fd, common.flags);
    if (trouble !== null) session.warn(`file ${id}: ${trouble}`);
  }
}

function hasSignals({ fown, flags }: CommonPart): boolean {
  return fown.pid !== 0 || fown.signum !== 0 || (flags & openFlag.O_ASYNC) !== 0;
}

function switchOn(fd: number, flags: number): string | null {
  if ((flags & openFlag.O_ASYNC) === 0) return null;
  try {
    setFlags(fd, getFlags(fd) | openFlag.O_ASYNC);
    return null;
  } catch (error) {
    if (error instanceof LinuxError) return `its signals cannot be switched on (${error.code})`;
    throw error;
  }
}
