import { resolve } from 'node:path';
import { exitCodes, type ShownDump, show } from '@criujs/core';
import type { Output } from '../output.ts';
import { describeDump } from '../show-text.ts';

/** @returns 0 when all could be read */
export async function showCommand(directory: string, cwd: string, output: Output): Promise<number> {
  const shown: ShownDump = await show({ images: resolve(cwd, directory) });
  output.result({ ok: true, command: 'show', ...shown }, describeDump(shown, directory, output.colors));
  return shown.problems.length === 0 ? exitCodes.done : exitCodes.images;
}
