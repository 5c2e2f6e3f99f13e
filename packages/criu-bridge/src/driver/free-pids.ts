import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '@criujs/linux';

/** Milliseconds between looks, and how many there are. */
const lookMs = 10;
const looks = 500;
const init = 1;

/** Waits for processes that were killed to have ended, reaped or not. One that the kernel holds is not waited for for ever. */
export async function awaitEnd(pids: readonly number[]): Promise<void> {
  const runs = (pid: number): boolean => {
    const state = stateOf(pid);
    return state !== null && !isEnded(state);
  };
  for (let look = 0; look < looks && pids.some(runs); look += 1) await sleep(lookMs);
}

/**
 * Waits for processes that have ended but are not yet reaped by their parent: they still have their pids.
 * @returns pids that are in use nevertheless: CRIU will complain, and they must not be taken for restored ones
 */
export async function awaitFreePids(pids: readonly number[]): Promise<ReadonlySet<number>> {
  for (let look = 0; look < looks && pids.some((pid) => isEnded(stateOf(pid))); look += 1) await sleep(lookMs);
  return new Set(pids.filter((pid) => stateOf(pid) !== null));
}

/**
 * Processes left over by a failed restore: a killed CRIU has not ended them. Their parent is the one that CRIU gave them, or the
 * reaper of orphans.
 */
export function leftOf(pids: readonly number[], taken: ReadonlySet<number>): number[] {
  const left = pids.filter((pid) => !taken.has(pid) && stateOf(pid) !== null);
  const parents = new Set([...left, process.pid, init]);
  return left.filter((pid) => parents.has(parentOf(pid)));
}

function parentOf(pid: number): number {
  try {
    return readStat(pid).ppid;
  } catch {
    return 0;
  }
}

/** null: nobody has this pid. */
function stateOf(pid: number): string | null {
  try {
    return readStat(pid).state;
  } catch {
    return null;
  }
}

function isEnded(state: string | null): boolean {
  return state !== null && /^[ZXx]$/.test(state);
}
