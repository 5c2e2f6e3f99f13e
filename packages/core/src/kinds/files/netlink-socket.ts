import { arena, syscall } from '@criujs/linux';
import { netlinkAddress, netlinkFamily, netlinkLevel, netlinkOption, netlinkSwitch } from '../../facts/netlink.ts';
import { readOptionBytes, writeOptionBytes } from './sockets.ts';

/** Bits of one number of groups. */
const wordBits = 32;

/** Where a netlink socket is, or where it leads: netlink(7). */
export interface NetlinkAddress {
  readonly port: number;
  /** The first 32 groups, a bit each. */
  readonly groups: number;
}

/** Options that are on or off, by their names without `NETLINK_`. */
export type NetlinkSwitch = keyof typeof netlinkSwitch;

/** getsockname(2), or getpeername(2): that of the kernel where it leads to nobody else. */
export function netlinkName(fd: number, call: 'getsockname' | 'getpeername'): NetlinkAddress {
  return arena.scope(() => {
    const address = arena.alloc(netlinkAddress.size);
    const size = arena.alloc(4);
    size.view.setUint32(0, netlinkAddress.size, true);
    syscall(call, fd, address.address, size.address);
    const { view } = address;
    return { port: view.getUint32(netlinkAddress.port, true), groups: view.getUint32(netlinkAddress.groups, true) };
  });
}

/** bind(2), or connect(2). @throws LinuxError */
export function nameNetlink(fd: number, call: 'bind' | 'connect', { port, groups }: NetlinkAddress): void {
  arena.scope(() => {
    const address = arena.alloc(netlinkAddress.size);
    address.view.setUint16(0, netlinkFamily, true);
    address.view.setUint32(netlinkAddress.port, port, true);
    address.view.setUint32(netlinkAddress.groups, groups, true);
    syscall(call, fd, address.address, netlinkAddress.size);
  });
}

/** All groups that it listens to, a bit each, in numbers of 32. */
export function netlinkGroups(fd: number): number[] {
  const { LIST_MEMBERSHIPS } = netlinkOption;
  const needed = arena.scope(() => {
    const size = arena.alloc(4);
    syscall('getsockopt', fd, netlinkLevel, LIST_MEMBERSHIPS, 0, size.address);
    return size.view.getUint32(0, true);
  });
  const bytes = readOptionBytes(fd, LIST_MEMBERSHIPS, needed, netlinkLevel) ?? Buffer.alloc(0);
  const words = Array.from({ length: bytes.length >> 2 }, (_, at) => bytes.readUInt32LE(at * 4));
  return words.slice(0, words.findLastIndex((word) => word !== 0) + 1);
}

/** Has it listen to groups, by their numbers; those of the first word bind(2) has set. @throws LinuxError */
export function joinGroups(fd: number, groups: readonly number[]): void {
  groups.forEach((word, at) => {
    for (let bit = 0; at > 0 && bit < wordBits; bit++)
      if ((word >>> bit) & 1) setNumber(fd, netlinkOption.ADD_MEMBERSHIP, at * wordBits + bit + 1);
  });
}

export function readSwitches(fd: number): NetlinkSwitch[] {
  return (Object.keys(netlinkSwitch) as NetlinkSwitch[]).filter(
    (name) => (readOptionBytes(fd, netlinkSwitch[name], 4, netlinkLevel)?.readInt32LE(0) ?? 0) !== 0,
  );
}

/** Whether it worked. */
export function turnOn(fd: number, name: NetlinkSwitch): boolean {
  return writeOptionBytes(fd, netlinkSwitch[name], Buffer.from([1, 0, 0, 0]), netlinkLevel);
}

function setNumber(fd: number, option: number, value: number): void {
  arena.scope(() => {
    const block = arena.alloc(4);
    block.view.setUint32(0, value, true);
    syscall('setsockopt', fd, netlinkLevel, option, block.address, 4);
  });
}
