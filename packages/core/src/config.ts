import type { GivenOptions } from '@criujs/engine-kit';
import type { Plugin } from '@criujs/plugin-sdk';

/**
 * What a `criu.config.ts` may say, options of dumps and restores among it. The command line wins over it; of what is a list, such as the
 * plugins, both are taken, its own first.
 */
export interface CriuConfig extends GivenOptions<'dump'>, GivenOptions<'restore'> {
  /**
   * Names of npm packages, paths (from the configuration's own directory), or the plugins themselves. `'installed'`: all that are
   * installed where `criujs plugin list` finds them.
   */
  readonly plugins?: readonly (string | Plugin)[] | 'installed';
  /** Options of plugins, by plugin name. */
  readonly pluginOptions?: Readonly<Record<string, unknown>>;
  /** Milliseconds that a hook may take. */
  readonly hookDeadline?: number;
  /** Who does the work. Default: the embedded engine. */
  readonly engine?: 'embedded' | 'criu';
  /** How CRIU is run, where it does the work. */
  readonly criu?: CriuSettings;
}

/** What the command line gives to `criu()` of `@criujs/criu-bridge`. */
export interface CriuSettings {
  /** The program: a path from the configuration's own directory, or a name to look for in PATH. Default: `criu`. */
  readonly bin?: string;
  /** Options of CRIU's RPC, by guessable or by CRIU's own names. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Compiled plugins to be loaded beside those in TypeScript: paths from the configuration's own directory. */
  readonly nativePlugins?: readonly string[];
  /** Programs that are run at each of CRIU's steps: paths from the configuration's own directory. */
  readonly actionScripts?: readonly string[];
}

/** Types a configuration: `export default defineConfig({ plugins: ['./my-plugin.ts'] })`. */
export function defineConfig(config: CriuConfig): CriuConfig {
  return config;
}
