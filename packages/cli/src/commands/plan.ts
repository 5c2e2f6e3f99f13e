import { exitCodes, type NetworkLock, type PlanVerdict, plan } from '@criujs/core';
import type { Output } from '../output.ts';
import { planTable, planText } from '../plan-table.ts';
import { type RunFlags, runOptions } from '../run-options.ts';

export interface PlanFlags extends RunFlags {
  readonly tree: number;
  readonly ghostLimit?: number;
  readonly linkRemap: boolean;
  readonly fileLocks: boolean;
  readonly shellJob: boolean;
  readonly extUnixSk: boolean;
  readonly tcpEstablished: boolean;
  readonly tcpClose: boolean;
  readonly skipInFlight: boolean;
  readonly networkLock?: NetworkLock;
  readonly external: readonly string[];
}

const codes: Readonly<Record<PlanVerdict, number>> = {
  ready: exitCodes.done,
  conflict: exitCodes.plugin,
  refused: exitCodes.refused,
};

/** @returns 0 when everything has a taker or a plugin to ask */
export async function planCommand(flags: PlanFlags, cwd: string, output: Output): Promise<number> {
  const { tree: pid, ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk } = flags;
  const { tcpEstablished, tcpClose, skipInFlight, networkLock } = flags;
  const { config, ...options } = await runOptions(flags, cwd, output);
  const external = [...(config.external ?? []), ...flags.external];
  // Signals need no handling: there is nothing to clean up.
  const result = await plan({
    ...{ ...options, pid, ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external },
    ...{ tcpEstablished, tcpClose, skipInFlight, networkLock },
  });
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
