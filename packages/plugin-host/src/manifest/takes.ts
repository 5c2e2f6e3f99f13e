import type {
  ClaimArgs,
  ClaimableName,
  DeviceNumber,
  ManifestDevice,
  ManifestResources,
  PluginManifest,
} from '@criujs/plugin-sdk';
import { type Drivers, miscMajor } from './drivers.ts';
import { matchesPattern } from './pattern.ts';

/** What plugins are asked about one resource: a hook that saves something, and what its `claim` would see. */
export type ResourceQuestion = {
  [N in ClaimableName]: { readonly hook: N; readonly args: ClaimArgs<N> };
}[ClaimableName];

type Looks = {
  readonly [N in ClaimableName]: (resources: ManifestResources, args: ClaimArgs<N>, drivers: Drivers) => boolean;
};

/** S_IFMT and S_IFBLK of inode(7). */
const formatMask = 0o170000;
const blockFormat = 0o060000;

const looks: Looks = {
  DUMP_UNIX_SK: ({ sockets = [] }, { socket }) =>
    [socket.peerName, socket.name].some((it) => it !== null && some(sockets, it.replace(/^\0/, '@'))),
  DUMP_EXT_FILE({ devices = [], files = [] }, { file: { path, kind, rdev } }, drivers) {
    if (path !== null && some(files, path)) return true;
    if (rdev === null || (kind !== 'character' && kind !== 'block')) return false;
    return devices.some((it) => isDevice(it, { kind, rdev, path }, drivers));
  },
  DUMP_EXT_MOUNT: ({ mounts = [] }, { mountpoint }) => some(mounts, mountpoint),
  DUMP_EXT_LINK: ({ links = [] }, { kind }) => some(links, kind),
  HANDLE_DEVICE_VMA({ devices = [] }, { stat: { mode, rdev } }, drivers) {
    const kind = (mode & formatMask) === blockFormat ? 'block' : 'character';
    return devices.some((it) => isDevice(it, { kind, rdev, path: null }, drivers));
  },
};

/** Whether a plugin says that it takes a resource. It may still decline: only its code knows. */
export function takes(manifest: PluginManifest, { hook, args }: ResourceQuestion, drivers: Drivers): boolean {
  const { hooks, resources = {} } = manifest;
  return hooks.includes(hook) && looks[hook](resources, args as never, drivers);
}

interface Device {
  readonly kind: 'character' | 'block';
  readonly rdev: DeviceNumber;
  /** null: nobody knows. */
  readonly path: string | null;
}

/** Where a number or a driver is given, that decides: a node may lie anywhere. */
function isDevice(wanted: ManifestDevice, { kind, rdev, path }: Device, drivers: Drivers): boolean {
  const { kind: wantedKind = 'character', major, minor, driver } = wanted;
  if (kind !== wantedKind) return false;
  if (major === undefined && minor === undefined && driver === undefined) {
    return path !== null && matchesPattern(wanted.path, path);
  }
  if (major !== undefined && major !== rdev.major) return false;
  if (minor !== undefined && !isWithin(minor, rdev.minor)) return false;
  return driver === undefined || namesOf(kind, rdev, drivers).includes(driver);
}

function isWithin(wanted: NonNullable<ManifestDevice['minor']>, minor: number): boolean {
  return typeof wanted === 'number' ? wanted === minor : wanted.from <= minor && minor <= wanted.to;
}

function namesOf(kind: Device['kind'], { major, minor }: DeviceNumber, drivers: Drivers): readonly string[] {
  const small = kind === 'character' && major === miscMajor ? drivers.misc(minor) : undefined;
  return [...drivers.named(kind, major), ...(small === undefined ? [] : [small])];
}

function some(patterns: readonly string[], text: string): boolean {
  return patterns.some((it) => matchesPattern(it, text));
}
