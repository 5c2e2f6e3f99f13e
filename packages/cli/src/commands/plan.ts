import { exitCodes, type PlanRow, plan } from '@criujs/core';
import type { Colors, Output } from '../output.ts';
import { attended, type RunFlags, runOptions } from '../run-options.ts';
import { count } from '../units.ts';

export interface PlanFlags extends RunFlags {
  readonly tree: number;
}

/** @returns 0 when a dump has somebody to ask for everything */
export async function planCommand(flags: PlanFlags, cwd: string, output: Output): Promise<number> {
  const { tree: pid } = flags;
  const options = await runOptions(flags, cwd, output);
  const result = await attended(`looking at ${pid}`, output, (attention) => plan({ ...options, ...attention, pid }));
  const lines = result.rows.map((row) => describeRow(row, output.colors));
  const open = result.rows.filter((row) => row.taker === null).length;
  const end = result.possible
    ? 'Everything has a taker.'
    : `${count(open, 'resource has', 'resources have')} no taker: a dump would be refused.`;
  output.result({ ok: true, command: 'plan', ...result }, [...lines, end].join('\n'));
  return result.possible ? exitCodes.done : exitCodes.refused;
}

function describeRow({ pid, command, resource, taker, why, remedy }: PlanRow, colors: Colors): string {
  const who = `${colors.bold(`${pid} (${command})`)} ${resource}`;
  if (taker !== null) {
    const by = 'engine' in taker ? taker.engine : `plugin ${taker.plugin ?? 'that has'} ${taker.hook}`;
    return `${colors.green('✓')} ${who} ${colors.dim(by)}`;
  }
  const help = remedy === undefined ? '' : `\n    ${colors.cyan('→')} ${remedy}`;
  return `${colors.red('✗')} ${who}\n    ${why ?? 'nobody takes it'}${help}`;
}
