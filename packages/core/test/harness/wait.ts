import { setTimeout as sleep } from 'node:timers/promises';

/** The longest that anything here is waited for, in milliseconds: generous, for a busy machine; nothing waits for it to pass. */
const patience: number = Number(process.env['CRIUJS_TEST_PATIENCE'] ?? 60_000);

/**
 * Waits until `look` gives something other than undefined, null or false, and gives that.
 * @throws Error that names what was waited for; what `look` throws ends the wait at once.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limit: number = patience,
): Promise<NonNullable<Exclude<T, false>>> {
  const start = performance.now();
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 50)) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen as NonNullable<Exclude<T, false>>;
    if (performance.now() - start > limit) throw new Error(`waited ${limit} ms in vain: ${what}`);
    await sleep(pause);
  }
}
