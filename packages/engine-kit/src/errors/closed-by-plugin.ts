import { EngineError, type EngineErrorDetails } from './errors.ts';

/** Plugins of which one did something, in words: `plugin gpu`, or `one of the plugins gpu, disk`. */
export function whichPlugin(names: readonly string[]): string {
  return names.length === 1 ? `plugin ${names[0]}` : `one of the plugins ${names.join(', ')}`;
}

/**
 * The error for a descriptor of the engine's that is closed, which only a plugin can have done.
 * @param names of those that ran
 * @param what it did, after their names
 */
export function closedByPlugin(
  names: readonly string[],
  what: string,
  details: Pick<EngineErrorDetails, 'hook' | 'resource' | 'cause'> = {},
): EngineError {
  return new EngineError('PLUGIN_FAILED', `${whichPlugin(names)}${what}`, {
    ...details,
    plugin: names.length === 1 ? names[0] : undefined,
    remedy: 'Close only what the plugin has opened, and each descriptor once.',
  });
}
