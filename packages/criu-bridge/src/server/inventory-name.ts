import type { PluginHost } from '@criujs/plugin-host';

/** By which name CRIU's inventory has a plugin that took something; null: it has not. */
export function inventoryName({ plugins }: PluginHost, plugin: string): string | null {
  const named = plugins.find(({ name }) => name === plugin)?.inventoryName;
  return named === undefined ? plugin : named;
}
