import { arena, type Block } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { expectSuccess, syscall, trySyscall } from '../syscall.ts';
import { unixName } from './names.ts';

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
}

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST_DUMP = 0x301;
const UDIAG_SHOW_NAME_PEER = 1 | 4;
const UNIX_DIAG_NAME = 0;
const UNIX_DIAG_PEER = 2;
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
  view.setUint32(headerLength + 12, UDIAG_SHOW_NAME_PEER, true);
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
  let peer = 0;
  let name: string | null = null;
  for (let at = answerLength; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    const type = view.getUint16(at + 2, true);
    if (type === UNIX_DIAG_PEER) peer = view.getUint32(at + 4, true);
    if (type === UNIX_DIAG_NAME) name = unixName(bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return { type: view.getUint8(1), state: view.getUint8(2), inode: view.getUint32(4, true), peer, name };
}

function align(length: number): number {
  return (length + 3) & ~3;
}
