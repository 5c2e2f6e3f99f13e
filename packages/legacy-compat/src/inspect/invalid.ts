import { PluginError } from '@criujs/plugin-sdk';

/** What is wrong with which file, and what to do. */
export function invalid(path: string, what: string, remedy: string, cause?: unknown): PluginError {
  return new PluginError(`${path} cannot be read as a plugin: ${what}`, {
    code: 'PLUGIN_INVALID',
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Its text does not tell whether it is a plugin: running it would. */
export function untold(path: string, what: string, remedy: string): PluginError {
  return new PluginError(`${path} cannot be read as a plugin: ${what}`, { code: 'PLUGIN_UNTOLD', remedy });
}
