import type { MembershipRecord } from '@criujs/engine-kit';
import { arena, type Block, type InetFamily, readText, trySyscall } from '@criujs/linux';
import {
  filterModes,
  groupFilter,
  groupRequest,
  mostSources,
  multicastLevels,
  multicastOption,
  storageSize,
} from '../../../facts/multicast.ts';
import { invalid } from '../../rules.ts';
import type { SaveContext, SavedFile } from '../dumping.ts';
import type { Holder } from '../held.ts';
import type { LoadContext } from '../opening.ts';
import { writeOptionBytes } from '../sockets.ts';
import { addressOfSockaddr, sockaddrOf } from './address.ts';
import type { MadeInet } from './make.ts';
import { deviceIndex, deviceName } from './network-device.ts';

/** A group that somebody of a network namespace is a member of, at a device. */
export interface JoinedGroup {
  /** Index of the device. */
  readonly device: number;
  readonly group: Uint8Array;
}

/** Groups in /proc/net/igmp: a line for each device, then one for each group, which is a number of this machine in hex. */
export function parseIgmp(text: string): JoinedGroup[] {
  let device = 0;
  return text.split('\n').flatMap((line) => {
    const head = /^(\d+)\s+\S/.exec(line)?.[1];
    if (head !== undefined) device = Number(head);
    const group = /^\s+([0-9A-F]{8})\s/.exec(line)?.[1];
    return group === undefined ? [] : [{ device, group: Uint8Array.from(Buffer.from(group, 'hex').reverse()) }];
  });
}

/** Groups in /proc/net/igmp6: index and name of a device, then the address in hex. */
export function parseIgmp6(text: string): JoinedGroup[] {
  return text.split('\n').flatMap((line) => {
    const [, device, group] = /^(\d+)\s+\S+\s+([0-9a-f]{32})\s/.exec(line) ?? [];
    return device === undefined || group === undefined
      ? []
      : [{ device: Number(device), group: Uint8Array.from(Buffer.from(group, 'hex')) }];
  });
}

/** The groups of a network namespace, by the process whose it is; asked for once a dump. */
const joined = new WeakMap<SaveContext, readonly JoinedGroup[]>();

function joinedGroups(context: SaveContext, pid: number): readonly JoinedGroup[] {
  const found = joined.get(context) ?? [
    ...parseIgmp(readIfThere(pid, 'net/igmp')),
    ...parseIgmp6(readIfThere(pid, 'net/igmp6')),
  ];
  joined.set(context, found);
  return found;
}

/** A kernel without IPv6 has no such file. */
function readIfThere(pid: number, name: string): string {
  try {
    return readText(pid, name);
  } catch {
    return '';
  }
}

/** Says in criujs.json which groups a socket is a member of. The kernel tells it of a group that one asks for. */
export function saveMemberships({ id }: SavedFile['entry'], holder: Holder, context: SaveContext): void {
  const { tree, records } = context;
  const groups = joinedGroups(context, holder.pid);
  if (groups.length === 0) return;
  records.memberships.push(
    ...tree.borrow(holder, (fd) =>
      groups.flatMap((it) => {
        const filter = filterOf(fd, it);
        const device = deviceName(fd, it.device);
        return filter === null || device === null ? [] : [{ id, ...filter, device }];
      }),
    ),
  );
}

/** null: the socket is no member. */
function filterOf(fd: number, { device, group }: JoinedGroup): Omit<MembershipRecord, 'id' | 'device'> | null {
  return arena.scope(() => {
    const filter = arena.alloc(groupFilter.sources + mostSources * storageSize);
    const size = arena.alloc(4);
    filter.view.setUint32(groupFilter.device, device, true);
    filter.view.setUint32(groupFilter.count, mostSources, true);
    putAddress(filter, groupFilter.group, group);
    size.view.setUint32(0, filter.length, true);
    const level = multicastLevels[group.length] ?? 0;
    const { MSFILTER } = multicastOption;
    if (trySyscall('getsockopt', fd, level, MSFILTER, filter.address, size.address) < 0) return null;
    const count = Math.min(filter.view.getUint32(groupFilter.count, true), mostSources);
    return {
      group: Buffer.from(group).toString('hex'),
      mode: filterModes[filter.view.getUint32(groupFilter.mode, true)] ?? 'exclude',
      sources: Array.from({ length: count }, (_, at) => {
        const from = groupFilter.sources + at * storageSize;
        const address = addressOfSockaddr(Buffer.from(filter.bytes.subarray(from, from + storageSize)));
        return Buffer.from(address?.bytes ?? []).toString('hex');
      }),
    };
  });
}

function putAddress({ bytes }: Pick<Block, 'bytes'>, at: number, address: Uint8Array): void {
  const family: InetFamily = address.length === 16 ? 10 : 2;
  bytes.set(sockaddrOf({ family, bytes: address, port: 0, scope: 0, flow: 0 }), at);
}

/** Groups of a restore. */
export interface Memberships {
  /** Has a socket join those that it was a member of. What cannot be joined is a warning. */
  join(made: MadeInet): void;
}

/** @throws EngineError IMAGE_INVALID */
export function createMemberships({ records, session }: Pick<LoadContext, 'records' | 'session'>): Memberships {
  const all = records?.memberships ?? [];
  for (const { group, sources } of all)
    if (![group, ...sources].every((it) => it.length / 2 in multicastLevels && it.length === group.length))
      throw invalid('criujs.json', `${group} is no multicast group`);
  return {
    join({ fd, entry, what }) {
      for (const it of all.filter(({ id }) => id === entry.id))
        if (!joinGroup(fd, it)) session.warn(`${what}: it cannot join a multicast group at ${it.device} again`);
    },
  };
}

function joinGroup(fd: number, { group, device, mode, sources }: MembershipRecord): boolean {
  const index = deviceIndex(fd, device);
  if (index === null) return false;
  const address = Buffer.from(group, 'hex');
  const level = multicastLevels[address.length] ?? 0;
  const request = Buffer.alloc(groupRequest.size);
  request.writeUInt32LE(index, groupRequest.device);
  putAddress({ bytes: request }, groupRequest.group, address);
  if (!writeOptionBytes(fd, multicastOption.JOIN_GROUP, request, level)) return false;
  if (mode === 'exclude' && sources.length === 0) return true;
  const filter = Buffer.alloc(groupFilter.sources + sources.length * storageSize);
  filter.writeUInt32LE(index, groupFilter.device);
  putAddress({ bytes: filter }, groupFilter.group, address);
  filter.writeUInt32LE(filterModes.indexOf(mode), groupFilter.mode);
  filter.writeUInt32LE(sources.length, groupFilter.count);
  sources.forEach((source, at) => {
    putAddress({ bytes: filter }, groupFilter.sources + at * storageSize, Buffer.from(source, 'hex'));
  });
  return writeOptionBytes(fd, multicastOption.MSFILTER, filter, level);
}
