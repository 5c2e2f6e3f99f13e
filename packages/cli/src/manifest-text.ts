import { safeName } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import type { ManifestDevice, ManifestResources } from '@criujs/plugin-sdk';
import type { FoundTool, ShownManifest } from './manifest-facts.ts';

/** So many of one sort are shown. */
const mostShown = 6;

/** What a manifest says, as lines of a list; none where there is no manifest. */
export function manifestLines(shown: ShownManifest | null, { dim, yellow, red }: Colors): readonly string[] {
  if (shown === null) return [];
  if (shown.state === 'invalid') return shown.problems.map((it) => `  ${red('manifest:')} ${safeName(it)}`);
  const { manifest, notes, tools } = shown;
  const { plugin, apiVersion, imageVersion = 1, resources = {} } = manifest;
  return [
    `  ${dim(`manifest: plugin ${plugin}, API version ${apiVersion}, image version ${imageVersion}`)}`,
    ...resourceLines(resources).map((it) => `  ${it}`),
    ...(tools.length === 0 ? [] : [`  runs ${tools.map((it) => toolText(it)).join(', ')}`]),
    ...notes.map((it) => `  ${yellow('note:')} ${safeName(it)}`),
  ];
}

const sorts: { readonly [S in keyof ManifestResources]-?: string } = {
  devices: 'devices',
  sockets: 'sockets',
  files: 'files',
  mounts: 'mounts',
  links: 'network links',
};

function resourceLines({ devices = [], ...others }: ManifestResources): string[] {
  const named = { devices: devices.map(deviceText), ...others };
  return (Object.keys(sorts) as (keyof ManifestResources)[]).flatMap((sort) => {
    const all = named[sort] ?? [];
    const more = all.length > mostShown ? ` and ${all.length - mostShown} more` : '';
    const shown = all.slice(0, mostShown).map((it) => safeName(it));
    return all.length === 0 ? [] : [`takes ${sorts[sort]} ${shown.join(', ')}${more}`];
  });
}

/** `/dev/radio* (character 240:0-7, driver radio)` */
function deviceText({ path, kind, major, minor, driver }: ManifestDevice): string {
  const minors = typeof minor === 'object' ? `${minor.from}-${minor.to}` : `${minor ?? '*'}`;
  const numbers = major === undefined && minor === undefined ? [] : [`${major ?? '*'}:${minors}`];
  const first = [...(kind === undefined ? [] : [kind]), ...numbers].join(' ');
  const facts = [...(first === '' ? [] : [first]), ...(driver === undefined ? [] : [`driver ${driver}`])];
  return facts.length === 0 ? path : `${path} (${facts.join(', ')})`;
}

function toolText({ name, version, path }: FoundTool): string {
  const facts = [...(version === undefined ? [] : [safeName(version)]), ...(path === null ? ['not in PATH'] : [])];
  return facts.length === 0 ? name : `${name} (${facts.join('; ')})`;
}
