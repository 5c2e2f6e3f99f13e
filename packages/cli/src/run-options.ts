import { type CriuConfig, type Engine, type RunOptions, safeText } from '@criujs/core';
import type { Plugin } from '@criujs/plugin-sdk';
import { loadConfig } from './config.ts';
import { chooseEngine, type EngineFlags } from './engine-options.ts';
import { codeOfOthersRan } from './leave.ts';
import type { Output } from './output.ts';
import { parsePluginOptions } from './plugin-options.ts';
import { printError } from './print-error.ts';
import { showProgress } from './progress.ts';
import { abortOnSignals, codeOfSignal } from './signals.ts';
import { UsageError } from './usage-error.ts';

/** Options of every command that runs plugins, as commander gives them. */
export interface RunFlags extends EngineFlags {
  readonly plugin: readonly string[];
  /** All that are installed, behind those that are named. */
  readonly plugins?: 'installed';
  readonly pluginOption: readonly string[];
  readonly hookDeadline?: number;
  readonly record?: string;
  /** A path; true: look for one; false: none. */
  readonly config: string | boolean;
}

/** Joins the command line with the configuration. */
export async function runOptions(
  flags: RunFlags,
  cwd: string,
  output: Output,
): Promise<RunOptions & { readonly engine: Engine | undefined; readonly config: CriuConfig }> {
  const config = await loadConfig(cwd, flags.config, (message) => output.warning(message));
  // Code that nobody has named is named here.
  if (config.path !== null && (output.verbose || flags.config === true))
    output.note(output.errorColors.dim(safeText(`criujs: configuration ${config.path}`)));
  const plugins = await pluginsOf(flags, config, cwd, output);
  const engine = await chooseEngine(flags, config, cwd);
  if (plugins.length > 0 || config.path !== null || engine !== undefined) codeOfOthersRan();
  return {
    cwd,
    engine,
    config,
    plugins,
    loaders: await pluginLoaders(plugins.length),
    pluginOptions: parsePluginOptions(flags.pluginOption, config.pluginOptions),
    hookDeadline: flags.hookDeadline ?? config.hookDeadline,
    record: flags.record,
    onLog: (entry) => output.log(entry),
    onLateError(error) {
      // The result is out, perhaps as the one object of --json.
      process.exitCode = printError(error, { ...output, json: false });
    },
    lastWords: output.json ? 'json' : 'text',
  };
}

/** Those of the configuration, then those of the command line, then all others that are installed, if it is those that are wanted. */
async function pluginsOf(
  flags: RunFlags,
  { plugins: configured = [] }: CriuConfig,
  cwd: string,
  output: Output,
): Promise<readonly (string | Plugin)[]> {
  const named = [...(configured === 'installed' ? [] : configured), ...flags.plugin];
  if (configured !== 'installed' && flags.plugins !== 'installed') return named;
  const { pluginKeyword, withInstalled } = await import('@criujs/plugin-host');
  const all = withInstalled(named, { cwd });
  const added = all.slice(named.length).map(String);
  if (output.verbose && added.length > 0)
    output.note(output.errorColors.dim(safeText(`criujs: installed plugins ${added.join(', ')}`)));
  if (all.length === 0 && flags.plugins === 'installed')
    output.warning(
      `no plugin is installed: no package with the keyword ${pluginKeyword} in any place that criujs plugin list looks at`,
    );
  return all;
}

/** Supports plugins of CRIU's old structure beside current ones. Loaded only if there is a plugin. */
async function pluginLoaders(plugins: number): Promise<NonNullable<RunOptions['loaders']>> {
  return plugins === 0 ? [] : [(await import('@criujs/legacy-compat')).legacyLoader()];
}

/** What {@link attended} passes to a run. */
export type Attention = Pick<RunOptions, 'signal' | 'onProgress'>;

/** The error of an aborted run. */
const abortedCodes: ReadonlySet<unknown> = new Set(['ABORTED', 'ENGINE_STUCK']);

/**
 * Runs with progress on a terminal; SIGINT, SIGTERM and SIGHUP abort it, and become its exit code.
 * @param tooLate gets the signal that came when the run was already done
 */
export async function attended<T>(
  what: string,
  output: Output,
  run: (attention: Attention) => Promise<T>,
  tooLate?: (result: T, signal: number) => void,
): Promise<T> {
  const progress = showProgress(what, output);
  const signals = abortOnSignals();
  try {
    const result = await run({ signal: signals.signal, onProgress: (it) => progress.update(it) });
    const signal = signals.received();
    if (signal !== null) tooLate?.(result, signal);
    return result;
  } catch (error) {
    const signal = signals.received();
    if (signal !== null && abortedCodes.has((error as { code?: unknown }).code)) {
      throw Object.assign(error as Error, { exitCode: codeOfSignal(signal) });
    }
    throw error;
  } finally {
    progress.stop();
    signals.release();
  }
}

/** Reads a number of an option. @throws UsageError */
export function parseNumber(option: string, smallest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= smallest) return number;
    throw new UsageError(
      `${option} ${text}: this is not a whole number of at least ${smallest}`,
      `Write it as in \`${option} 4242\`.`,
    );
  };
}
