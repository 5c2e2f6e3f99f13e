import { syscall } from './syscall.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;

/** Types of messages that answer a request. netlink(7) */
export const netlinkType = { error: 2, done: 3 } as const;

/** Bytes of struct nlmsghdr, and where in it are the length, the type and the flags. netlink(7) */
export const netlinkHeader = { length: 0, type: 4, flags: 6, size: 16 } as const;

/** A datagram of answers has no more bytes than this. */
export const longestAnswer = 65_536;

/** A socket to a part of the kernel, in the network namespace of this thread. @throws LinuxError EPROTONOSUPPORT */
export function openNetlink(protocol: number): number {
  return syscall('socket', AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
}

/** Where the next message or attribute begins. */
export function netlinkAlign(length: number): number {
  return (length + 3) & ~3;
}
