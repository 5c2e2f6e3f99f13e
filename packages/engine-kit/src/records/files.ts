import type { Credentials } from '@criujs/linux';
import { type HookName, type Provider, pid, type RecordedFile, type UnixSocketInfo } from '@criujs/plugin-sdk';
import {
  absent,
  base64,
  digits,
  flag,
  integer,
  list,
  map,
  matching,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
} from './json-shape.ts';
import { type PacketRecord, recordedPackets } from './packets.ts';

/** An external file of `files.img`, as it was, and who dumped it. */
export interface ExternalRecord {
  /** The id in `files.img`. */
  readonly id: number;
  readonly file: RecordedFile;
}

/** An external unix socket of `files.img`, as it was, and who dumped it. */
export interface SocketRecord {
  readonly id: number;
  readonly inode: number;
  readonly provider: Provider;
  readonly socket: UnixSocketInfo;
}

/** Hooks that take what has no entry of its own in `files.img`. */
const takingHooks = ['HANDLE_DEVICE_VMA', 'DUMP_EXT_MOUNT', 'DUMP_EXT_LINK'] as const;

/** Something beside files and sockets that a plugin took: for whoever looks at the images. */
export interface TakeRecord {
  readonly hook: (typeof takingHooks)[number];
  /** In words. */
  readonly resource: string;
  readonly provider: Provider;
}

/** Whether what this hook takes is a {@link TakeRecord}. */
export function isTakingHook(hook: HookName): hook is TakeRecord['hook'] {
  return takingHooks.some((it) => it === hook);
}

/** Owner and mode of a file of `files.img` that a restore makes anew, such as a pipe. inode(7) */
export interface InodeRecord {
  readonly id: number;
  readonly uid: number;
  readonly gid: number;
  /** Permissions, without the type of file. */
  readonly mode: number;
}

/** When a timer of `files.img` expires that was set to a moment of the wall clock. timerfd_settime(2), TFD_TIMER_ABSTIME */
export interface TimerRecord {
  readonly id: number;
  /** Nanoseconds since 1970. */
  readonly expires: bigint;
}

/** How the process behind a pidfd of `files.img` has ended, which is shown as long as the pidfd is open. */
export interface PidfdRecord {
  readonly id: number;
  /** A wait status. wait(2) */
  readonly exitCode: number;
}

/** A target of an epoll of `files.img` under a number that means something else by now. epoll(7), "Questions and answers" 6 */
export interface EpollTargetRecord {
  readonly id: number;
  /** Which of its targets. */
  readonly at: number;
  /** The number under which it was added. */
  readonly fd: number;
}

/** A ring of io_uring of `files.img`, of which CRIU knows nothing. io_uring_setup(2) */
export interface RingRecord {
  readonly id: number;
  /** Flags of the open file. */
  readonly flags: number;
  /** Whose limit of locked memory counts for what is registered with it, as a user's id; null: nobody's. RLIMIT_MEMLOCK in getrlimit(2) */
  readonly lockedBy: number | null;
  /** How many submissions it has room for, and how many completions: powers of two. */
  readonly entries: number;
  readonly completions: number;
  /** Whether a list says which submission comes next (no IORING_SETUP_NO_SQARRAY). */
  readonly isIndexed: boolean;
  /** How many operations the kernel has taken and completed, below 2^32. */
  readonly count: number;
  /** How many submissions the program has made, and how many completions it has taken. */
  readonly tail: number;
  readonly head: number;
  /** The memory of both queues, behind their positions and sizes, and of the submissions: base64, without zeros at the end. */
  readonly queues: string;
  readonly submissions: string;
}

/** What CRIU's entry of a unix socket of `files.img` has no place for. */
export interface UnixRecord {
  readonly id: number;
  /** Whom it tells as the maker of its other end: SO_PEERCRED in unix(7). */
  readonly peer: Credentials;
  /** Its other end was closed with something unread in it, which the next call on it tells: ECONNRESET. */
  readonly isReset: boolean;
  /** Who sent the packets that wait in it, where it passes that on (SO_PASSCRED); `at` is which of its packets. */
  readonly senders: readonly (Credentials & { readonly at: number })[];
  /** Names of the sockets that sent datagrams which wait in it, each byte a character; those without a name are left out. */
  readonly origins: readonly { readonly at: number; readonly name: string }[];
  /** The name that its other end had, which is closed by now, each byte a character. */
  readonly peerName: string | null;
  /** A process that has it: whoever accepts its connection is told this one. */
  readonly holder: number;
  /** Where its name in the file system is by now. */
  readonly movedTo: string | null;
}

/** What CRIU's entry of a netlink socket of `files.img` has no place for. netlink(7) */
export interface NetlinkRecord {
  readonly id: number;
  /** SOCK_DGRAM and not SOCK_RAW. socket(2) */
  readonly isDatagram: boolean;
  /** Options that are on, without `NETLINK_`. */
  readonly switches: readonly NetlinkSwitch[];
}

/** What CRIU's entry of an internet socket of `files.img` has no place for. ip(7), ipv6(7) */
export interface InetRecord {
  readonly id: number;
  /** Options that are not as in a new socket, by their names, as getsockopt(2) gives them: bytes in hex. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  /** Options that lead to a network device, by its name. */
  readonly devices: readonly { readonly name: string; readonly device: string }[];
  /** The label of the flow to where it leads, as it stands in `struct sockaddr_in6`; 0: none. */
  readonly flow: number;
  /** Its address was none of this machine: it was allowed when it got it (IP_FREEBIND), and perhaps not any more. */
  readonly isForeign: boolean;
}

/** A datagram that waits in an internet socket of `files.img`. */
export interface DatagramRecord {
  /** The `struct sockaddr_in` or `sockaddr_in6` of whoever sent it, in hex. ip(7), ipv6(7) */
  readonly from: string;
  /** The address that it was sent to, in hex, where the socket tells it (IP_PKTINFO); null: the socket's own. */
  readonly to: string | null;
  /** What else the socket tells of it: how far it may still go, and its type of service; null: it does not. */
  readonly ttl: number | null;
  readonly tos: number | null;
  /** Its bytes in base64. */
  readonly data: string;
}

/** What waits in an internet socket of `files.img`. */
export interface InetQueueRecord {
  readonly id: number;
  readonly datagrams: readonly DatagramRecord[];
}

/** A multicast group that an internet socket of `files.img` is a member of. IP_ADD_MEMBERSHIP of ip(7), RFC 3678 */
export interface MembershipRecord {
  readonly id: number;
  /** 4 bytes or 16, in hex. */
  readonly group: string;
  /** The name of the network device. */
  readonly device: string;
  /** Whether it hears these sources alone, or all but these. */
  readonly mode: 'include' | 'exclude';
  readonly sources: readonly string[];
}

const netlinkSwitches = [
  'PKTINFO',
  'BROADCAST_ERROR',
  'NO_ENOBUFS',
  'LISTEN_ALL_NSID',
  'CAP_ACK',
  'EXT_ACK',
  'GET_STRICT_CHK',
] as const;
/** Options of netlink(7) that are on or off. */
export type NetlinkSwitch = (typeof netlinkSwitches)[number];

/** What CRIU's entries of a pseudo terminal have no place for. pty(7) */
export interface TerminalRecord {
  /** N of `/dev/pts/N`. */
  readonly index: number;
  /** All that had its slave open have closed it, and whoever reads its master is told so. */
  readonly closed: boolean;
  /** Owner and permissions of its slave; null: nothing could be seen under its name. */
  readonly node: Omit<InodeRecord, 'id'> | null;
}

/** What `criujs.json` says of files of `files.img`. */
export interface RecordsOfFiles {
  readonly externals: readonly ExternalRecord[];
  readonly sockets: readonly SocketRecord[];
  /** What else plugins took; absent: nothing, as in the images of older releases. */
  readonly takes?: readonly TakeRecord[];
  /** Files that are made anew; those that images of older releases have are made as whoever restores. */
  readonly inodes: readonly InodeRecord[];
  /** Timers that belong to a moment of the wall clock; absent: none, as in the images of older releases. */
  readonly timers?: readonly TimerRecord[];
  /** Handles of processes that had ended and been waited for; absent: the kernel showed of none how. */
  readonly pidfds?: readonly PidfdRecord[];
  /** Targets of epolls under numbers that were closed or used again; absent: none. */
  readonly epollTargets?: readonly EpollTargetRecord[];
  /** Rings of io_uring; absent: none. */
  readonly rings?: readonly RingRecord[];
  /** Unix sockets whose other end is in the tree, or was; absent: none. */
  readonly unixSockets?: readonly UnixRecord[];
  /** Netlink sockets; absent: none. */
  readonly netlinks?: readonly NetlinkRecord[];
  /** Packet sockets; absent: none. */
  readonly packets?: readonly PacketRecord[];
  /** Internet sockets; absent: none. */
  readonly inetSockets?: readonly InetRecord[];
  /** Datagrams that wait in internet sockets; absent: none. */
  readonly inetQueues?: readonly InetQueueRecord[];
  /** Multicast groups of internet sockets; absent: none. */
  readonly memberships?: readonly MembershipRecord[];
  /** Pseudo terminals whose master is in the tree; absent: none. */
  readonly terminals?: readonly TerminalRecord[];
}

/** A number where that is exact: as plugins are told inodes and positions. */
export function exact(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

const u32: Shape<number> = integer(0, 0xffff_ffff);
const path: Shape<string> = text(2 ** 16);
const provider: Shape<Provider> = object({ name: text(200), version: nullable(text(200)) });
const holders: Shape<RecordedFile['holders']> = list(
  object({ pid: map(integer(1, 2 ** 22), pid), fd: integer(0, 2 ** 20) }),
);
const exactNumber: Shape<number | bigint> = map(digits, exact);

const recordedFile: Shape<RecordedFile> = object({
  path: nullable(path),
  kind: oneOf('regular', 'directory', 'character', 'block', 'fifo', 'socket', 'anonymous', 'unknown'),
  rdev: nullable(object({ major: u32, minor: u32 })),
  inode: exactNumber,
  flags: u32,
  position: exactNumber,
  owner: nullable(
    object({ pid: u32, signal: integer(0, 64), uid: u32, euid: u32, type: oneOf('thread', 'process', 'group') }),
  ),
  holders,
  provider: nullable(provider),
});

const recordedSocket: Shape<UnixSocketInfo> = object({
  type: oneOf('stream', 'dgram', 'seqpacket'),
  name: nullable(path),
  peerName: nullable(path),
  state: oneOf('connected', 'listening', 'unconnected'),
  flags: u32,
  holders,
});

/** No option has more than 2048 bytes. */
const hex: Shape<string> = matching(
  'bytes in hex',
  (value): value is string => typeof value === 'string' && value.length <= 2 ** 12 && /^(?:[0-9a-f]{2})*$/.test(value),
);

const credentials = { pid: integer(0, 2 ** 22), uid: u32, gid: u32 } as const;

const inode = { uid: u32, gid: u32, mode: integer(0, 0o7777) } as const;

/** How `criujs.json` has them. What older releases did not write may be absent. */
export const fileShapes: { readonly [K in keyof RecordsOfFiles]-?: Shape<NonNullable<RecordsOfFiles[K]>> } = {
  externals: list(object({ id: u32, file: recordedFile })),
  sockets: list(object({ id: u32, inode: u32, provider, socket: recordedSocket })),
  takes: absent(list(object({ hook: oneOf(...takingHooks), resource: path, provider })), []),
  inodes: absent(list(object({ id: u32, ...inode })), []),
  timers: absent(list(object({ id: u32, expires: digits })), []),
  pidfds: absent(list(object({ id: u32, exitCode: integer(0, 0xffff) })), []),
  epollTargets: absent(list(object({ id: u32, at: u32, fd: integer(0, 2 ** 20) })), []),
  rings: absent(
    list(
      object({
        ...{
          id: u32,
          flags: u32,
          lockedBy: nullable(u32),
          entries: integer(1, 2 ** 15),
          completions: integer(1, 2 ** 16),
          isIndexed: flag,
        },
        ...{ count: u32, tail: u32, head: u32, queues: base64, submissions: base64 },
      }),
    ),
    [],
  ),
  netlinks: absent(list(object({ id: u32, isDatagram: flag, switches: list(oneOf(...netlinkSwitches)) })), []),
  packets: recordedPackets,
  inetQueues: absent(
    list(
      object({
        id: u32,
        datagrams: list(
          object({
            ...{ from: hex, to: nullable(hex), data: base64 },
            ...{ ttl: nullable(integer(0, 255)), tos: nullable(integer(0, 255)) },
          }),
        ),
      }),
    ),
    [],
  ),
  memberships: absent(
    list(object({ id: u32, group: hex, device: text(15), mode: oneOf('include', 'exclude'), sources: list(hex) })),
    [],
  ),
  inetSockets: absent(
    list(
      object({
        id: u32,
        options: absent(list(object({ name: text(64), value: hex })), []),
        devices: absent(list(object({ name: text(64), device: text(15) })), []),
        flow: absent(u32, 0),
        isForeign: absent(flag, false),
      }),
    ),
    [],
  ),
  terminals: absent(list(object({ index: integer(0, 2 ** 20), closed: flag, node: nullable(object(inode)) })), []),
  unixSockets: absent(
    list(
      object({
        ...{ id: u32, peer: object(credentials), isReset: flag },
        senders: list(object({ at: u32, ...credentials })),
        origins: absent(list(object({ at: u32, name: text(108) })), []),
        peerName: absent(nullable(text(108)), null),
        holder: absent(integer(0, 2 ** 22), 0),
        movedTo: absent(nullable(path), null),
      }),
    ),
    [],
  ),
};
