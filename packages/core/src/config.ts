import type { Plugin } from '@criujs/plugin-sdk';

/** What a `criu.config.ts` may say. Options of the command line win over it; plugins of both are loaded, its own first. */
export interface CriuConfig {
  /** Names of npm packages, paths (from the configuration's own directory), or the plugins themselves. */
  readonly plugins?: readonly (string | Plugin)[];
  /** Options of plugins, by plugin name. */
  readonly pluginOptions?: Readonly<Record<string, unknown>>;
  /** Milliseconds that a hook may take. */
  readonly hookDeadline?: number;
}

/** Types a configuration: `export default defineConfig({ plugins: ['./my-plugin.ts'] })`. */
export function defineConfig(config: CriuConfig): CriuConfig {
  return config;
}
