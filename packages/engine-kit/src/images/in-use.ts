import { readdirSync, statSync } from 'node:fs';
import { EngineError } from '../errors/errors.ts';

/**
 * Refuses to replace a directory in which a process that runs on stands, or which it has open: it would be left with one that is
 * removed. What lies in the directory moves along and stays the same.
 * @throws EngineError IMAGES_UNWRITABLE
 */
export function refuseInUse(directory: string, pids: readonly number[]): void {
  const stat = statOf(directory);
  if (stat === null) return;
  for (const pid of pids) {
    const use = useOf(pid, (path) => {
      const other = statOf(path);
      return other !== null && other.ino === stat.ino && other.dev === stat.dev;
    });
    if (use === null) continue;
    throw new EngineError('IMAGES_UNWRITABLE', `${directory} ${use} of process ${pid}, but a dump replaces it`, {
      remedy: 'Use a folder inside it, or another directory. A process that ends with the dump may use it.',
      resource: directory,
      pid,
    });
  }
}

function useOf(pid: number, isIt: (path: string) => boolean): string | null {
  if (isIt(`/proc/${pid}/cwd`)) return 'is the current directory';
  if (isIt(`/proc/${pid}/root`)) return 'is the root directory';
  const fd = descriptorsOf(pid).find((it) => isIt(`/proc/${pid}/fd/${it}`));
  return fd === undefined ? null : `is descriptor ${fd}`;
}

/** A process that has ended has none. */
function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function statOf(path: string): { ino: bigint; dev: bigint } | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}
