import { PluginError } from '@criujs/plugin-sdk';

/** The one error of reading a plugin: what is wrong with which file, and what to do. */
export function invalid(path: string, what: string, remedy: string, cause?: unknown): PluginError {
  return new PluginError(`${path} cannot be read as a plugin: ${what}`, {
    code: 'PLUGIN_INVALID',
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}
