import type { ManifestDevice, PluginManifest } from '@criujs/plugin-sdk';
import type { PretendTreeOptions } from '@criujs/plugin-testing';

/** What a plugin is shown that is tried, after its manifest. */
export interface Shown {
  readonly tree: PretendTreeOptions;
  /** Paths that its code may want to open, and that the kit does not provide. */
  readonly paths: readonly string[];
}

/** undefined: it names nothing, and is shown a little of everything. */
export function shownAfter({ hooks, resources = {} }: Pick<PluginManifest, 'hooks' | 'resources'>): Shown | undefined {
  const { devices = [], files = [], sockets = [], mounts = [], links = [] } = resources;
  if ([devices, files, sockets, mounts, links].every((it) => it.length === 0)) return undefined;
  const opened = hooks.includes('DUMP_EXT_FILE') ? devices : [];
  const mapped = hooks.includes('HANDLE_DEVICE_VMA') ? devices : [];
  const named = [...devices.filter((it) => !hasNumber(it)).map(({ path }) => path), ...files, ...sockets, ...mounts];
  return {
    tree: {
      files: [
        ...opened.map((it) => ({ kind: it.kind ?? ('character' as const), ...nodeOf(it) })),
        ...files.map((it) => ({ path: example(it), kind: 'unknown' as const, rdev: null })),
      ],
      sockets: sockets.map((it) => ({ peerName: example(it).replace(/^@/, '\0') })),
      mounts: mounts.map((it) => ({ mountpoint: example(it) })),
      links: links.map((it) => ({ kind: example(it) })),
      maps: mapped.map(nodeOf),
    },
    paths: named.map(example).filter((it) => it.startsWith('/')),
  };
}

/** A device that is told by its number has a file of the kit's in place of its node, so that it can be opened again. */
function nodeOf(device: ManifestDevice): { readonly path?: string; readonly rdev?: { major: number; minor: number } } {
  if (!hasNumber(device)) return { path: example(device.path) };
  const { major, minor = 0 } = device;
  return { rdev: { major, minor: typeof minor === 'number' ? minor : minor.from } };
}

function hasNumber(device: ManifestDevice): device is ManifestDevice & { readonly major: number } {
  return device.major !== undefined;
}

/** A text that a pattern stands for. */
function example(pattern: string): string {
  return pattern.replaceAll(/\*+/g, '0');
}
