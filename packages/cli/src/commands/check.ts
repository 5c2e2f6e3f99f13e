import { type CheckResult, type CheckRow, check, exitCodes } from '@criujs/core';
import type { Colors, Output } from '../output.ts';

const abilities = [
  ['dump', 'dump your own processes'],
  ['restore', 'restore them with new pids (--new-pids)'],
  ['samePids', 'restore them with the pids that they had'],
] as const;

/** @returns 0 when a dump of one's own processes works */
export async function checkCommand(output: Output): Promise<number> {
  const result = await check();
  output.result({ ok: true, command: 'check', ...result }, describe(result, output));
  return result.dump ? exitCodes.done : exitCodes.rights;
}

function describe(result: CheckResult, { colors, verbose }: Output): string {
  const can = abilities.map(([name, words]) => `  ${result[name] ? colors.green('yes') : colors.red('no ')}  ${words}`);
  const rows = result.rows.filter((row) => verbose || row.state !== 'ok').map((row) => describeRow(row, colors));
  const good = result.rows.filter((row) => row.state === 'ok').length;
  const rest =
    verbose || good === 0
      ? []
      : [colors.dim(`${good} of ${result.rows.length} checks found nothing to say; see all with -v.`)];
  return [`On this machine (Linux ${result.kernel}) and with these rights you can`, ...can, '', ...rows, ...rest].join(
    '\n',
  );
}

function describeRow({ title, state, detail, remedy }: CheckRow, colors: Colors): string {
  const marks = { ok: colors.green('ok     '), limited: colors.yellow('limited'), missing: colors.red('missing') };
  const help = remedy === undefined ? '' : `\n         ${colors.cyan('→')} ${remedy}`;
  return `${marks[state]}  ${title}\n         ${detail}${help}`;
}
