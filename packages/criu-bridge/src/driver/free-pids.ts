import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '@criujs/linux';
import { readDumped } from './dumped.ts';

/** Milliseconds between looks, and how many there are. */
const lookMs = 10;
const looks = 100;

/**
 * Waits for processes of the dump that have ended, and whom their parent has not heard of yet: they still have their pids.
 * Who runs is left to CRIU to complain about.
 */
export async function awaitFreePids(images: string): Promise<void> {
  const pids = readDumped(images).tasks.map(({ pid }) => pid);
  for (let look = 0; look < looks && pids.some(isEnding); look += 1) await sleep(lookMs);
}

function isEnding(pid: number): boolean {
  try {
    return /^[ZXx]$/.test(readStat(pid).state);
  } catch {
    return false;
  }
}
