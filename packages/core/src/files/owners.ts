import { getFlags } from '@criujs/linux';
import { openFlag } from '../kinds/files/flags.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import type { CommonPart, FileEntry, Table } from '../kinds/files/opening.ts';
import { restoreOwner } from '../kinds/files/owner.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import type { Session } from '../run/session.ts';

/** F_SETFL of fcntl(2). */
const setFlags = 4;

/** Sets who gets the signals of each file. They are switched on by {@link signalCalls}, and only then. */
export function restoreOwners(
  opened: ReadonlyMap<number, number>,
  files: ReadonlyMap<number, FileEntry>,
  pids: (old: number) => number,
  session: Session,
): void {
  for (const [id, fd] of opened) {
    const fown = commonOf(files.get(id))?.fown;
    if (fown === undefined || (fown.pid === 0 && fown.signum === 0)) continue;
    const trouble = restoreOwner(fd, fown, pids);
    if (trouble !== null) session.warn(`file ${id}: ${trouble}`);
  }
}

/**
 * Switches the signals of files on (O_ASYNC). A signal names the descriptor by which that was done, so a process that has the file does it,
 * the first of them, at its lowest number. sigaction(2), si_fd
 * @param opened the engine's own descriptors of the files
 */
export function signalCalls(
  own: Table,
  all: readonly Table[],
  files: ReadonlyMap<number, FileEntry>,
  opened: ReadonlyMap<number, number>,
): TaskCall[] {
  const calls = new Map<number, TaskCall>();
  for (const { id, fd } of own.values()) {
    const mine = opened.get(id);
    if (mine === undefined || calls.has(id) || ((commonOf(files.get(id))?.flags ?? 0) & openFlag.O_ASYNC) === 0)
      continue;
    if (all.find((table) => [...table.values()].some((entry) => entry.id === id)) !== own) continue;
    const what = `switch the signals of descriptor ${fd} on`;
    calls.set(id, { name: 'fcntl', args: [fd, setFlags, getFlags(mine) | openFlag.O_ASYNC], optional: true, what });
  }
  return [...calls.values()];
}

/** What an entry has in common with those of all kinds. */
export function commonOf(entry: FileEntry | undefined): CommonPart | undefined {
  return entry && kindOfEntry(entry).common(entry);
}
