import { arena, type Block } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { expectSuccess, syscall, trySyscall } from '../syscall.ts';
import { addressOf, unixName } from './names.ts';

/** A unix socket as sock_diag(7) shows it. */
export interface UnixSocket {
  readonly inode: number;
  /** Inode of the socket at the other end; 0 when there is none, or it is not accepted yet. */
  readonly peer: number;
  /** TCP_* numbers: 1 established, 7 closed, 10 listening. */
  readonly state: number;
  /** SOCK_*: 1 stream, 2 dgram, 5 seqpacket. */
  readonly type: number;
  /** A path, or a leading `\0` and an abstract name; null when it has none. */
  readonly name: string | null;
  /** The same, byte for byte, without the zero byte at the end of a path. */
  readonly address: Uint8Array;
  /** Halves that are shut: 1 receiving, 2 sending, 3 both. shutdown(2) */
  readonly shut: ShutHalves;
  /** The file that a path was, wherever it is by now; null: it has no path. Numbers of stat(2), of the inode the lower 32 bits. */
  readonly file: { readonly major: number; readonly minor: number; readonly inode: number } | null;
  /** Inodes of the sockets whose connection to this one waits to be accepted. */
  readonly pending: readonly number[];
  /** How many may wait so. listen(2) */
  readonly backlog: number;
}

/** RCV_SHUTDOWN and SEND_SHUTDOWN of the kernel's net/sock.h. */
const shutHalves = [0, 1, 2, 3] as const;
export type ShutHalves = (typeof shutHalves)[number];

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST_DUMP = 0x301;
/** What to show: name, file, peer, waiting connections, lengths of queues; and the attributes that have it. linux/unix_diag.h */
const show = 1 | 2 | 4 | 8 | 0x10;
const attribute = { name: 0, file: 1, peer: 2, pending: 3, queues: 4, shutdown: 6 } as const;
/** The kernel's own numbers of devices: 12 bits, then 20. linux/kdev_t.h */
const minorBits = 20;
const LISTEN = 10;
const headerLength = 16;
const requestLength = headerLength + 24;
const answerLength = 16;
const bufferLength = 65_536;

/** How often to ask again when sockets come and go so fast that every answer has new ones. */
const passes = 4;

/**
 * Every unix socket of this network namespace. The kernel hands them out in pieces and loses its place when others
 * come or go in between, so that one in some ten thousand may be missing from an answer, or be there twice; where the
 * answer came in pieces it is asked again until nothing new comes.
 */
export function unixSockets(): readonly UnixSocket[] {
  const fd = syscall('socket', AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  try {
    const byInode = new Map<number, UnixSocket>();
    for (let pass = 0; pass < passes; pass++) {
      const known = byInode.size;
      const { sockets, pieces } = dump(fd);
      for (const socket of sockets) byInode.set(socket.inode, socket);
      if (pieces === 1 || byInode.size === known) break;
    }
    return [...byInode.values()];
  } finally {
    closeFd(fd);
  }
}

/** Asks once. `pieces` counts the datagrams that had sockets in them. */
function dump(fd: number): { sockets: UnixSocket[]; pieces: number } {
  return arena.scope(() => {
    const request = unixDumpRequest(arena.alloc(requestLength));
    expectSuccess(trySyscall('sendto', fd, request.address, request.length, 0, 0, 0), 'sock_diag');
    const buffer = arena.alloc(bufferLength);
    const sockets: UnixSocket[] = [];
    let pieces = 0;
    for (let more = true; more; ) {
      const before = sockets.length;
      const length = expectSuccess(trySyscall('recvfrom', fd, buffer.address, buffer.length, 0, 0, 0), 'sock_diag');
      more = parseUnixDiag(buffer.bytes.subarray(0, length), sockets) && length > 0;
      if (sockets.length > before) pieces++;
    }
    return { sockets, pieces };
  });
}

/** A netlink header, then struct unix_diag_req: all states, every socket. */
function unixDumpRequest(block: Block): Block {
  const { view } = block;
  view.setUint32(0, requestLength, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST_DUMP, true);
  view.setUint8(headerLength, AF_UNIX);
  view.setUint32(headerLength + 4, 0xffffffff, true);
  view.setUint32(headerLength + 12, show, true);
  return block;
}

/** Adds the sockets of one netlink datagram to `found`; answers whether more datagrams follow. */
export function parseUnixDiag(bytes: Uint8Array, found: UnixSocket[]): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (type === NLMSG_DONE) return false;
    if (type === NLMSG_ERROR) throw new LinuxError('sock_diag', -view.getInt32(at + headerLength, true));
    if (length < headerLength + answerLength || at + length > bytes.length) {
      throw new LinuxError('sock_diag', errno.EBADMSG, { about: `message of ${length} bytes at ${at}` });
    }
    found.push(parseSocket(bytes.subarray(at + headerLength, at + length)));
    at += align(length);
  }
  return true;
}

/** struct unix_diag_msg and its attributes. */
function parseSocket(bytes: Uint8Array): UnixSocket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = answerLength; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    found.set(view.getUint16(at + 2, true), bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  const numbers = (which: keyof typeof attribute): readonly number[] => words(found.get(attribute[which]));
  const name = found.get(attribute.name) ?? new Uint8Array();
  const [fileInode, device] = numbers('file');
  const state = view.getUint8(2);
  return {
    type: view.getUint8(1),
    state,
    inode: view.getUint32(4, true),
    peer: numbers('peer')[0] ?? 0,
    name: unixName(name),
    address: addressOf(name),
    shut: shutHalves[found.get(attribute.shutdown)?.[0] ?? 0] ?? 0,
    file:
      fileInode === undefined || device === undefined
        ? null
        : { major: device >>> minorBits, minor: device & (2 ** minorBits - 1), inode: fileInode },
    pending: numbers('pending'),
    backlog: state === LISTEN ? (numbers('queues')[1] ?? 0) : 0,
  };
}

/** Numbers of 4 bytes, in the order of this machine. */
function words(bytes: Uint8Array | undefined): number[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(at * 4, true));
}

function align(length: number): number {
  return (length + 3) & ~3;
}
