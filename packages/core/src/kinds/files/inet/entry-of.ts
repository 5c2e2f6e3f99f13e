import type { InetRecord } from '@criujs/engine-kit';
import { type InetOptionName, inetOptions } from '../../../facts/inet-options.ts';
import type { OpenFile } from '../dumping.ts';
import type { Tree } from '../held.ts';
import { optionsEntry } from '../socket-options.ts';
import { readOption, readOptionBytes, socketLevel, socketOption } from '../sockets.ts';
import { type InetAddress, needsScope, wordsOf } from './address.ts';
import { entryOfOptions, type InetInit, isPlaced, type SkInit } from './entry-options.ts';
import { deviceName } from './network-device.ts';
import { changedOptions, defaultOptions, type InetOptions, type InetShape, readInetOptions } from './options.ts';
import { isOwnAddress } from './own-address.ts';
import type { InetSocket } from './seen.ts';
import { sortOf } from './sort.ts';

/** Of SO_BINDTODEVICE: IFNAMSIZ of netdevice(7). */
const nameLength = 16;

/** What new sockets have, by their shape: that does not change as long as a dump takes. */
const defaults = new WeakMap<Tree, Map<string, InetOptions>>();

function defaultsOf(shape: InetShape, tree: Tree): InetOptions {
  const own = defaults.get(tree) ?? new Map<string, InetOptions>();
  defaults.set(tree, own);
  const key = `${shape.family}:${shape.type}:${shape.protocol}`;
  const found = own.get(key) ?? defaultOptions(shape);
  own.set(key, found);
  return found;
}

/** What images say of any internet socket: its entry, and what CRIU's entries have no place for. */
export function entryOf(
  socket: InetSocket,
  { id, seen, owner, fd }: OpenFile,
  tree: Tree,
): { readonly entry: InetInit; readonly record: InetRecord | null } {
  const { inode, family, type, protocol, state, here, there, backlog } = socket;
  const all = readInetOptions(fd);
  const changed = new Map(
    [...changedOptions(all, defaultsOf(socket, tree))].filter(([name]) => isChosen(name, socket)),
  );
  const { opts, ...others } = entryOfOptions(socket, all, changed);
  const scope = needsScope(here) ? here.scope : 0;
  const device = scope === 0 ? null : deviceName(fd, scope);
  return {
    entry: {
      ...{ id, ino: inode, family, type, proto: protocol, state, backlog },
      ...{ srcPort: here.port, dstPort: there?.port ?? 0 },
      ...{ srcAddr: wordsOf(here), dstAddr: wordsOf(there ?? nowhere(here)) },
      ...{ flags: seen.flags, fown: owner },
      ...(device !== null && { ifname: device }),
      ...others,
      opts: { ...optionsEntry(fd), ...opts, ...ownOptions(fd) },
    },
    record: recordOf({ id, fd, changed, here, there }),
  };
}

/** Options that the kernel sets by itself in a connection: it tells what the connection has, and not what its program asked for. */
const setByItself: readonly InetOptionName[] = [
  'TCP_MAXSEG',
  'TCP_WINDOW_CLAMP',
  'IP_MULTICAST_TTL',
  'IP_MULTICAST_IF',
  'IPV6_MULTICAST_HOPS',
  'IPV6_MULTICAST_IF',
];

function isChosen(name: InetOptionName, socket: InetSocket): boolean {
  const sort = sortOf(socket, socket.there !== null);
  return (sort !== 'tcp-connection' && sort !== 'tcp-over') || !setByItself.includes(name);
}

/** Options that say who else may have its address, its device, and whether its program chose the sizes of its buffers. */
function ownOptions(fd: number): Pick<SkInit, 'reuseaddr' | 'soReuseport' | 'soBufLock' | 'soBoundDev'> {
  const device = boundDevice(fd);
  const lock = readOption(fd, socketOption.SO_BUF_LOCK);
  return {
    reuseaddr: readOption(fd, socketOption.SO_REUSEADDR) === 1,
    soReuseport: readOption(fd, socketOption.SO_REUSEPORT) === 1,
    ...(lock !== null && { soBufLock: lock }),
    ...(device !== '' && { soBoundDev: device }),
  };
}

function boundDevice(fd: number): string {
  const bytes = readOptionBytes(fd, socketOption.SO_BINDTODEVICE, nameLength, socketLevel);
  return bytes === null ? '' : bytes.toString('latin1').replace(/\0.*$/s, '');
}

/** 0.0.0.0 or ::, port 0. */
function nowhere({ family, bytes }: InetAddress): InetAddress {
  return { family, bytes: new Uint8Array(bytes.length), port: 0, scope: 0, flow: 0 };
}

function recordOf({
  id,
  fd,
  changed,
  here,
  there,
}: Pick<InetSocket, 'here' | 'there'> & { id: number; fd: number; changed: InetOptions }): InetRecord | null {
  const others = [...changed].filter(([name]) => !isPlaced(name));
  const devices = others.flatMap(([name, value]) => {
    const device = isOfDevice(name) ? deviceName(fd, indexIn(name, value)) : null;
    return device === null ? [] : [{ name, device }];
  });
  const options = others
    .filter(([name]) => !isOfDevice(name))
    .map(([name, value]) => ({ name, value: value.toString('hex') }));
  const flow = there?.flow ?? 0;
  const isForeign = !isOwnAddress(here);
  return options.length + devices.length + flow > 0 || isForeign ? { id, options, devices, flow, isForeign } : null;
}

function isOfDevice(name: InetOptionName): boolean {
  return inetOptions[name].device !== undefined;
}

function indexIn(name: InetOptionName, value: Buffer): number {
  if (value.length < 4) return 0;
  return inetOptions[name].device === 'network' ? value.readUInt32BE(0) : value.readUInt32LE(0);
}
