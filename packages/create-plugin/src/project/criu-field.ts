import { apiVersion, type HookName, type ManifestResources, type PluginManifest } from '@criujs/plugin-sdk';
import type { Answers } from '../answers.ts';
import { kinds } from './kinds.ts';

/** The field `criu` of a new plugin's package.json. Of a ported plugin nobody knows what it takes. */
export function criuField({ pluginName, handles, ported }: Answers): PluginManifest {
  const chosen = Object.values(kinds).filter(({ id }) => handles.includes(id));
  const hooks = ported === null ? chosen.flatMap((it) => it.hooks) : ported.hooks;
  return {
    plugin: pluginName,
    apiVersion,
    hooks: hooks.map(({ hook }): HookName => hook),
    imageVersion: 1,
    resources: ported === null ? joined(chosen.map(({ resources }) => resources)) : {},
  };
}

/** Two kinds may take devices; of each other sort only one has any. */
function joined(all: readonly ManifestResources[]): ManifestResources {
  const devices = all.flatMap((it) => it.devices ?? []);
  return { ...(devices.length === 0 ? {} : { devices }), ...Object.assign({}, ...all.map(withoutDevices)) };
}

function withoutDevices({ devices: _, ...others }: ManifestResources): ManifestResources {
  return others;
}
