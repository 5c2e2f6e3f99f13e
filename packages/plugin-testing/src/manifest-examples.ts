import { statSync } from 'node:fs';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import {
  type ClaimableName,
  type DeviceNumber,
  type ManifestDevice,
  type ManifestResources,
  socketInode,
} from '@criujs/plugin-sdk';

/** A resource that a manifest names. */
export interface NamedResource {
  /** `criu.resources.devices[0]` */
  readonly path: string;
  /** The hooks that take resources of its sort: the plugin has to have one of them. */
  readonly hooks: readonly ClaimableName[];
  /** What the plugin may be asked about it here; none where a pattern leaves open what it is, or this machine has no such device. */
  readonly examples: readonly ResourceQuestion[];
  /** What is wrong with it, whatever the plugin says. */
  readonly problem?: string;
}

/** Every resource of a manifest, in its order. */
export function resourcesIn(resources: ManifestResources): readonly NamedResource[] {
  const { devices = [], sockets = [], files = [], mounts = [], links = [] } = resources;
  return [
    ...devices.map((device, at) => ({ path: pathOf('devices', at), ...ofDevice(device) })),
    ...sockets.map((it, at) => ofPattern('sockets', at, 'DUMP_UNIX_SK', it, socket)),
    ...files.map((it, at) => ofPattern('files', at, 'DUMP_EXT_FILE', it, file)),
    ...mounts.map((it, at) => ofPattern('mounts', at, 'DUMP_EXT_MOUNT', it, mount)),
    ...links.map((it, at) => ofPattern('links', at, 'DUMP_EXT_LINK', it, link)),
  ];
}

const pathOf = (sort: keyof ManifestResources, at: number): string => `criu.resources.${sort}[${at}]`;

function ofPattern(
  sort: keyof ManifestResources,
  at: number,
  hook: ClaimableName,
  pattern: string,
  question: (text: string) => ResourceQuestion,
): NamedResource {
  return { path: pathOf(sort, at), hooks: [hook], examples: pattern.includes('*') ? [] : [question(pattern)] };
}

/** S_IFCHR and S_IFBLK of inode(7), for the owner to read and write. */
const modes = { character: 0o020600, block: 0o060600 } as const;

function ofDevice(device: ManifestDevice): Omit<NamedResource, 'path'> {
  const { path, minor } = device;
  const hooks = ['DUMP_EXT_FILE', 'HANDLE_DEVICE_VMA'] as const;
  if (typeof minor === 'object' && minor.from > minor.to) {
    return { hooks, examples: [], problem: `has no minor number from ${minor.from} to ${minor.to}` };
  }
  const here = path.includes('*') ? null : deviceAt(path);
  if (here === null) return { hooks, examples: [] };
  const problem = problemHere(device, here);
  if (problem !== undefined) return { hooks, examples: [], problem };
  return { hooks, examples: [openDevice(path, here), mapped(here)] };
}

interface DeviceHere {
  readonly kind: 'character' | 'block';
  readonly rdev: DeviceNumber;
}

/** null: this machine has no such device. */
function deviceAt(path: string): DeviceHere | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !(stat.isCharacterDevice() || stat.isBlockDevice())) return null;
  return { kind: stat.isBlockDevice() ? 'block' : 'character', rdev: numberOf(stat.rdev) };
}

/** As the kernel has it in 32 bits: 8 bits of the minor number, 12 of the major, 12 more of the minor. makedev(3) */
function numberOf(rdev: number): DeviceNumber {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function problemHere({ path, kind = 'character', major, minor }: ManifestDevice, here: DeviceHere): string | undefined {
  const { rdev } = here;
  if (kind !== here.kind) return `is a ${kind} device, and ${path} of this machine is a ${here.kind} device`;
  const is = `${path} of this machine is ${rdev.major}:${rdev.minor}`;
  if (major !== undefined && major !== rdev.major) return `has the major number ${major}, and ${is}`;
  if (minor === undefined) return undefined;
  const [from, to] = typeof minor === 'number' ? [minor, minor] : [minor.from, minor.to];
  if (rdev.minor >= from && rdev.minor <= to) return undefined;
  return `has the minor number ${from === to ? from : `${from} to ${to}`}, and ${is}`;
}

function openDevice(path: string, { kind, rdev }: DeviceHere): ResourceQuestion {
  return { hook: 'DUMP_EXT_FILE', args: { file: { ...plainFile, path, kind, rdev } } };
}

function mapped({ kind, rdev }: DeviceHere): ResourceQuestion {
  const stat = { mode: modes[kind], device: { major: 0, minor: 5 }, inode: 1, rdev };
  return { hook: 'HANDLE_DEVICE_VMA', args: { stat } };
}

const plainFile = { inode: 1, flags: 2, position: 0, owner: null, holders: [] } as const;

const file = (path: string): ResourceQuestion => {
  const kind = path.startsWith('/') ? 'regular' : path.startsWith('socket:') ? 'socket' : 'anonymous';
  return { hook: 'DUMP_EXT_FILE', args: { file: { ...plainFile, path, kind, rdev: null } } };
};

const socket = (name: string): ResourceQuestion => {
  const peerName = name.replace(/^@/, '\0');
  const about = { type: 'stream', name: null, peerName, state: 'connected', flags: 2, holders: [] } as const;
  return { hook: 'DUMP_UNIX_SK', args: { inode: socketInode(1), socket: about } };
};

const mount = (mountpoint: string): ResourceQuestion => ({ hook: 'DUMP_EXT_MOUNT', args: { mountpoint } });

/** ARPHRD_ETHER of netdevice(7). */
const link = (kind: string): ResourceQuestion => ({ hook: 'DUMP_EXT_LINK', args: { index: 2, type: 1, kind } });
