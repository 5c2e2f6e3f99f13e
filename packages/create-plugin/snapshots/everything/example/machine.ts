import { spawnSync } from 'node:child_process';
import { check } from '@criujs/core';

/** What this machine allows. */
export interface Machine {
  /** Why the example program cannot be dumped and restored here; null: it can. */
  readonly missing: string | null;
  /** Whether a restored program can have the pid that it had: that needs rights. */
  readonly samePids: boolean;
}

/** Looks, and changes nothing. */
export async function lookAtMachine(): Promise<Machine> {
  if (process.platform !== 'linux') return { missing: 'the embedded engine needs Linux', samePids: false };
  if (spawnSync('bash', ['--version']).status !== 0)
    return { missing: 'the example program needs bash', samePids: false };
  const { dump, restore, samePids, rows } = await check();
  const lacking = rows.filter(({ state, needs }) => state === 'missing' && !needs.every((it) => it === 'samePids'));
  const missing = lacking.map(({ title, detail }) => `${title}: ${detail}`).join('; ');
  return { missing: dump && restore ? null : missing, samePids };
}
