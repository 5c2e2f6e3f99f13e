import { allowTracers } from '../allow-tracers.ts';
import { becomeProgram } from '../become.ts';
import type { Output } from '../output.ts';

/**
 * Becomes the command: same pid, same descriptors, so its exit code and signals are its own.
 * @returns only when it cannot be started: 127 not found, 126 not allowed, as shells do
 */
export async function runCommand(command: readonly [string, ...string[]], output: Output): Promise<number> {
  const allowed = allowTracers();
  if (output.verbose) output.note(output.errorColors.dim(`criujs: ${allowed}`));
  return becomeProgram(command, output);
}
