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
 * Waits for processes that have ended, and whom their parent has not heard of yet: they still have their pids.
 * @returns pids that somebody has all the same: CRIU will complain, and nobody may take them for restored ones
 */
export async function awaitFreePids(pids: readonly number[]): Promise<ReadonlySet<number>> {
  for (let look = 0; look < looks && pids.some((pid) => isEnded(stateOf(pid))); look += 1) await sleep(lookMs);
  return new Set(pids.filter((pid) => stateOf(pid) !== null));
}

/**
 * Those of a restore that did not end well which are left: a CRIU that was killed has not seen to them. Their parent is whom CRIU
 * gave them, or whoever takes orphans.
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
