import { getFlags, LinuxError, setFlags } from '@criujs/linux';
import type { Session } from '../run/session.ts';
import { openFlag } from './flags.ts';
import type { FileEntry, FileOwner } from './kind.ts';
import { restoreOwner } from './owner.ts';

/** What the entries of every kind have in common. */
interface Common {
  readonly flags?: number;
  readonly fown: FileOwner;
}

/** Sets who gets the signals of each file, and only then switches those signals on. */
export function restoreOwners(
  opened: ReadonlyMap<number, number>,
  files: ReadonlyMap<number, FileEntry>,
  pids: (old: number) => number,
  session: Session,
): void {
  for (const [id, fd] of opened) {
    const common = commonOf(files.get(id));
    if (common === undefined || !hasSignals(common)) continue;
    const trouble = restoreOwner(fd, common.fown, pids) ?? switchOn(fd, common.flags ?? 0);
    if (trouble !== null) session.warn(`file ${id}: ${trouble}`);
  }
}

function hasSignals({ fown, flags = 0 }: Common): boolean {
  return fown.pid !== 0 || fown.signum !== 0 || (flags & openFlag.O_ASYNC) !== 0;
}

function commonOf(file: FileEntry | undefined): Common | undefined {
  return file?.reg ?? file?.pipe ?? file?.efd ?? file?.epfd ?? file?.usk ?? file?.ext;
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
