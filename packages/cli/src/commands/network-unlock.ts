import { resolve } from 'node:path';
import { exitCodes, safeText, unlockNetwork } from '@criujs/core';
import type { Output } from '../output.ts';

export interface UnlockFlags {
  readonly imagesDir: string;
}

/** @returns 0, also when there was nothing to let pass */
export async function networkUnlockCommand({ imagesDir }: UnlockFlags, cwd: string, output: Output): Promise<number> {
  const images = resolve(cwd, imagesDir);
  const result = await unlockNetwork({ images });
  const { tables, rules, connections } = result;
  const gone = [...tables.map((table) => `${table} is gone`), ...rules.map((rule) => `${rule} is gone`)];
  const text =
    gone.length === 0
      ? `nothing of ${imagesDir} is dropped on this machine.`
      : `packets of ${connections.length === 0 ? 'its TCP connections' : connections.join(', ')} pass again (${gone.join(', ')}).`;
  output.result({ ok: true, command: 'network unlock', images, ...result }, safeText(text));
  return exitCodes.done;
}
