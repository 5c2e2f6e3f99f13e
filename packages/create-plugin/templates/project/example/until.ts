import { setTimeout as sleep } from 'node:timers/promises';

/** The longest that anything is waited for, in milliseconds: generous, nothing waits for it to pass. */
const patience = 120_000;

/** Waits for a condition, never for a time. @throws Error that names what was waited for in vain */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(5);
  }
}
