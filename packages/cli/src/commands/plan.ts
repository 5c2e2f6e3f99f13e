import { exitCodes, type GivenOptions, type PlanVerdict, plan } from '@criujs/core';
import type { Output } from '../output.ts';
import { planTable, planText } from '../plan-table.ts';
import { type RunFlags, runOptions } from '../run-options.ts';
import { givenOptions } from '../stage-flags.ts';

export interface PlanFlags extends RunFlags, GivenOptions<'dump'> {
  readonly tree: number;
}

const codes: Readonly<Record<PlanVerdict, number>> = {
  ready: exitCodes.done,
  conflict: exitCodes.plugin,
  refused: exitCodes.refused,
};

/** @returns 0 when everything has a taker or a plugin to ask */
export async function planCommand(flags: PlanFlags, cwd: string, output: Output): Promise<number> {
  const { config, ...options } = await runOptions(flags, cwd, output);
  // Signals need no handling: there is nothing to clean up.
  const result = await plan({ ...options, ...givenOptions('dump', config, flags), pid: flags.tree });
  const exitCode = codes[result.verdict];
  const width = output.width();
  const { colors, verbose } = output;
  const text = output.json
    ? ''
    : width === null
      ? planText(result, exitCode)
      : planTable(result, exitCode, { width, colors, verbose });
  output.result({ ok: true, command: 'plan', ...result }, text);
  return exitCode;
}
