import { safeLines } from '@criujs/engine-kit/safe-text';
import { CreateError } from '../create-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';

/** Tells what went wrong and what to do about it; the exit code. */
export function printError(thrown: unknown, output: Output): number {
  const { errorColors, json } = output;
  const error = thrown instanceof CreateError ? thrown : null;
  const code = error?.code ?? 'INTERNAL';
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const remedy =
    error?.remedy ?? 'This is a mistake in create-criu-plugin: please report it with the output of --verbose.';
  if (json) output.result({ ok: false, error: { code, message, remedy } });
  else {
    output.error(
      `${errorColors.red('create-criu-plugin:')} ${safeLines(message)}\n  ${errorColors.cyan('→')} ${safeLines(remedy)}`,
    );
    if (output.verbose) output.error(errorColors.dim(background(thrown)));
  }
  if (error === null) return exitCodes.internal;
  return error.code === 'INTERRUPTED' ? exitCodes.interrupted : exitCodes.refused;
}

/** For debugging. */
function background(thrown: unknown): string {
  const lines: string[] = [];
  for (let at = thrown, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by '}${at.stack ?? at.message}`);
  }
  return lines.join('\n');
}
