import type { HookName, Provider } from '@criujs/plugin-sdk';
import { EngineError } from '../errors/errors.ts';
import { nameOf } from '../records/missing-plugins.ts';

/** No plugin restores what one had dumped: PLUGIN_MISSING, or PLUGIN_FAILED if its provider is loaded. */
export function nobodyRestores(hook: HookName, resource: string, provider: Provider | null): EngineError {
  if (provider === null) {
    const message = `no plugin restores ${resource}, and the images do not say which one dumped it`;
    const remedy = 'Load the plugin that made the dump (--plugin, option `plugins`).';
    return new EngineError('PLUGIN_MISSING', message, { hook, resource, remedy });
  }
  const message = `${resource} was dumped by plugin ${nameOf(provider)}; neither the loaded version nor another plugin restores it`;
  return new EngineError('PLUGIN_FAILED', message, {
    hook,
    resource,
    plugin: provider.name,
    remedy: `Load the version of ${provider.name} that dumped it.`,
  });
}
