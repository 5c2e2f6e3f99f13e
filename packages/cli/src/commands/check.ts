import { type CheckResult, type CheckRow, check, exitCodes, safeText } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import { chooseEngine, type EngineFlags } from '../engine-options.ts';
import type { Output } from '../output.ts';

const abilities = [
  ['dump', 'dump your own processes'],
  ['restore', 'restore them with new pids (--new-pids)'],
  ['samePids', 'restore them with the pids that they had'],
] as const;

/** @returns 0 when you can dump your own processes */
export async function checkCommand(flags: EngineFlags, cwd: string, output: Output): Promise<number> {
  const engine = await chooseEngine(flags, {}, cwd);
  const result = await check({ engine });
  output.result({ ok: true, command: 'check', ...result }, describe(result, engine?.name, output));
  if (result.dump) return exitCodes.done;
  return engine === undefined ? exitCodes.rights : exitCodes.engine;
}

function describe(result: CheckResult, engine: string | undefined, { colors, verbose }: Output): string {
  const can = abilities.map(([name, words]) => `  ${result[name] ? colors.green('yes') : colors.red('no ')}  ${words}`);
  // Which CRIU was found is always worth a line.
  const shown = (row: CheckRow): boolean => verbose || row.state !== 'ok' || row.id === 'criu';
  const rows = result.rows.filter(shown).map((row) => describeRow(row, colors));
  const good = result.rows.filter((row) => !shown(row)).length;
  const rest = good === 0 ? [] : [colors.dim(`${good} of ${result.rows.length} checks passed; see all with -v.`)];
  const by = engine === undefined ? '' : `, with ${safeText(engine)},`;
  const head = `On this machine (Linux ${safeText(result.kernel)}) and with these rights you can${by}`;
  return [head, ...can, '', ...rows, ...rest].join('\n');
}

function describeRow({ title, state, detail, remedy }: CheckRow, colors: Colors): string {
  const marks = { ok: colors.green('ok     '), limited: colors.yellow('limited'), missing: colors.red('missing') };
  const help = remedy === undefined ? '' : `\n         ${colors.cyan('→')} ${safeText(remedy)}`;
  return `${marks[state]}  ${safeText(title)}\n         ${safeText(detail)}${help}`;
}
