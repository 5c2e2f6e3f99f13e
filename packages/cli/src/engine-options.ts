import type { CriuConfig, Engine } from '@criujs/core';
import { UsageError } from './usage-error.ts';

/** Options that choose an engine, as commander gives them. */
export interface EngineFlags {
  readonly engine?: 'embedded' | 'criu';
  readonly criuBin?: string;
  readonly criuOption: readonly string[];
  readonly nativePlugin: readonly string[];
  readonly actionScript: readonly string[];
}

/**
 * The engine that flags and configuration ask for; undefined: the embedded one. The bridge is only loaded for CRIU.
 * @throws UsageError when flags of CRIU stand beside another engine; EngineError BAD_OPTION
 */
export async function chooseEngine(flags: EngineFlags, config: CriuConfig, cwd: string): Promise<Engine | undefined> {
  const { criuBin, criuOption, nativePlugin, actionScript } = flags;
  if ((flags.engine ?? config.engine ?? 'embedded') === 'embedded') {
    refuseStrangers({
      '--criu-bin': criuBin,
      '--criu-option': criuOption[0],
      '--native-plugin': nativePlugin[0],
      '--action-script': actionScript[0],
    });
    return undefined;
  }
  const { criu, parseCriuOptions } = await import('@criujs/criu-bridge');
  const { bin, options, nativePlugins = [], actionScripts = [] } = config.criu ?? {};
  return criu({
    cwd,
    bin: criuBin ?? bin,
    options: { ...options, ...parseCriuOptions(criuOption) },
    nativePlugins: [...nativePlugins, ...nativePlugin],
    actionScripts: [...actionScripts, ...actionScript],
  });
}

function refuseStrangers(flags: Readonly<Record<string, string | undefined>>): void {
  const given = Object.keys(flags).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `${given} is for CRIU, but the embedded engine was chosen`,
    'Add --engine criu, or leave it out.',
  );
}
