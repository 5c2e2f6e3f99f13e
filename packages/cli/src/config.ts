import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CriuConfig, type CriuSettings, mistakeIn, optionRows } from '@criujs/core';
import { distrustFound, distrustNamed } from './code-file.ts';
import { UsageError } from './usage-error.ts';

/** Names that are looked for in the current directory, in this order. */
const configNames = ['criu.config.ts', 'criu.config.mts', 'criu.config.js', 'criu.config.mjs'] as const;

/** A configuration and where it was read from. Paths of plugins in it are absolute. */
export interface LoadedConfig extends CriuConfig {
  readonly path: string | null;
}

/** Options of dumps and restores, each once. */
const options = [...new Map([...optionRows('dump'), ...optionRows('restore')].map((row) => [row.name, row])).values()];

const ofRuns = ['plugins', 'pluginOptions', 'hookDeadline', 'engine', 'criu'] satisfies (keyof CriuConfig)[];

const known: readonly string[] = [...ofRuns, ...options.map(({ name }) => name)];

const knownOfCriu: readonly string[] = [
  'bin',
  'options',
  'nativePlugins',
  'actionScripts',
] satisfies (keyof CriuSettings)[];

/**
 * Finds and reads the configuration.
 * @param choice a path, true to look in `cwd`, false for none
 * @param unused is told of one that was found and is not run, because somebody else could have written it
 * @throws UsageError when it is missing, fails, or is invalid
 */
export async function loadConfig(
  cwd: string,
  choice: string | boolean,
  unused: (message: string) => void = () => undefined,
): Promise<LoadedConfig> {
  const path = findConfig(cwd, choice, unused);
  if (path === null) return { path: null };
  const config = await evaluate(path);
  checkConfig(config, path);
  const { criu } = config;
  return {
    ...config,
    ...(criu === undefined ? {} : { criu: settingsFrom(criu, dirname(path)) }),
    ...(config.plugins === undefined ? {} : { plugins: pluginsFrom(config.plugins, dirname(path)) }),
    path,
  };
}

function findConfig(cwd: string, choice: string | boolean, unused: (message: string) => void): string | null {
  if (choice === false) return null;
  if (typeof choice === 'string') return namedConfig(resolve(cwd, choice));
  const found = configNames.map((name) => join(cwd, name)).find((path) => existsSync(path));
  const distrust = found === undefined ? null : distrustFound(found);
  if (distrust === null) return found ?? null;
  unused(`${found} is not used: ${distrust.why}. ${distrust.remedy}.`);
  return null;
}

function namedConfig(path: string): string {
  if (!existsSync(path))
    throw new UsageError(
      `there is no configuration ${path}`,
      'Give the path of a criu.config.ts with --config, or leave it out.',
    );
  const distrust = distrustNamed(path);
  if (distrust !== null) throw new UsageError(`${path} is not used: ${distrust.why}`, `${distrust.remedy}.`);
  return path;
}

async function evaluate(path: string): Promise<CriuConfig> {
  try {
    const { createJiti } = await import('jiti');
    // The configuration is small, and a cache would be left behind as another user's when root runs this.
    const jiti = createJiti(path, {
      fsCache: false,
      alias: { '@criujs/core': fileURLToPath(import.meta.resolve('@criujs/core')) },
    });
    return await jiti.import<CriuConfig>(path, { default: true });
  } catch (error) {
    throw Object.assign(
      new UsageError(`${path} cannot be read: ${(error as Error).message}`, 'Fix it, or run with --no-config.'),
      { cause: error },
    );
  }
}

function checkConfig(config: unknown, path: string): asserts config is CriuConfig {
  const wrong = firstMistake(config);
  if (wrong !== null)
    throw new UsageError(`${path}: ${wrong}`, "Write: export default defineConfig({ plugins: ['./my-plugin.ts'] }).");
}

function firstMistake(config: unknown): string | null {
  if (typeof config !== 'object' || config === null) return 'it has no default export that is an object';
  const unknown = Object.keys(config).find((key) => !known.includes(key));
  if (unknown !== undefined) return `unknown setting ${unknown}; the settings are ${known.join(', ')}`;
  const { plugins, pluginOptions, hookDeadline } = config as Record<string, unknown>;
  if (plugins !== undefined && plugins !== 'installed' && !Array.isArray(plugins))
    return "plugins is neither an array nor 'installed'";
  if (pluginOptions !== undefined && (typeof pluginOptions !== 'object' || pluginOptions === null))
    return 'pluginOptions is not an object';
  if (hookDeadline !== undefined && typeof hookDeadline !== 'number')
    return 'hookDeadline is not a number of milliseconds';
  for (const row of options) {
    const value = (config as Record<string, unknown>)[row.name];
    const mistake = value === undefined ? null : mistakeIn(row, value);
    if (mistake !== null) return mistake;
  }
  return engineMistake(config as Record<string, unknown>);
}

function engineMistake({ engine, criu }: Record<string, unknown>): string | null {
  if (engine !== undefined && engine !== 'embedded' && engine !== 'criu')
    return "engine is neither 'embedded' nor 'criu'";
  if (criu === undefined) return null;
  if (typeof criu !== 'object' || criu === null) return 'criu is not an object';
  const unknown = Object.keys(criu).find((key) => !knownOfCriu.includes(key));
  if (unknown !== undefined) return `unknown setting criu.${unknown}; the settings are ${knownOfCriu.join(', ')}`;
  const { bin, options, nativePlugins, actionScripts } = criu as Record<string, unknown>;
  if (bin !== undefined && typeof bin !== 'string') return 'criu.bin is not a path';
  if (options !== undefined && (typeof options !== 'object' || options === null))
    return 'criu.options is not an object';
  if (nativePlugins !== undefined && !Array.isArray(nativePlugins)) return 'criu.nativePlugins is not an array';
  return actionScripts === undefined || Array.isArray(actionScripts) ? null : 'criu.actionScripts is not an array';
}

function settingsFrom({ bin, nativePlugins, actionScripts, options }: CriuSettings, directory: string): CriuSettings {
  return {
    ...(bin === undefined ? {} : { bin: bin.includes('/') ? resolve(directory, bin) : bin }),
    ...(options === undefined ? {} : { options }),
    ...(nativePlugins === undefined ? {} : { nativePlugins: nativePlugins.map((it) => resolve(directory, it)) }),
    ...(actionScripts === undefined ? {} : { actionScripts: actionScripts.map((it) => resolve(directory, it)) }),
  };
}

function pluginsFrom(plugins: NonNullable<CriuConfig['plugins']>, directory: string): typeof plugins {
  if (plugins === 'installed') return plugins;
  return plugins.map((it) => (typeof it === 'string' ? fromDirectory(it, directory) : it));
}

/** Paths in a configuration are relative to its own directory; package names stay as they are. */
function fromDirectory(plugin: string, directory: string): string {
  return /^\.{0,2}\//.test(plugin) || /\.([cm]?[jt]s|so)$/.test(plugin) ? resolve(directory, plugin) : plugin;
}
