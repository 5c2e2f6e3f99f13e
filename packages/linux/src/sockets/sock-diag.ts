import { arena } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { longestAnswer, netlinkAlign, netlinkHeader, netlinkType, openNetlink } from '../netlink.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST_DUMP = 0x301;

/** How often to ask again when sockets come and go so fast that every answer has new ones. */
const passes = 4;

/** How the sockets of one list are asked for and read. */
export interface DiagQuestion<T> {
  /** What follows the netlink header of the request: which sockets, and what to show of each. */
  readonly request: Uint8Array;
  /** Bytes that each answer has at least. */
  readonly answerLength: number;
  /** One answer, behind its netlink header. */
  parse(bytes: Uint8Array): T;
  /** By what a socket is known if it is answered twice. */
  key(socket: T): number;
}

/**
 * Sockets of this network namespace, sock_diag(7). The kernel hands them out in pieces and loses its place when others come or go in
 * between, so that one in some ten thousand may be missing from an answer, or be there twice; where the answer came in pieces it is asked
 * again until nothing new comes.
 * @throws LinuxError ENOENT where the kernel has no such list
 */
export function askForSockets<T>(question: DiagQuestion<T>): readonly T[] {
  const fd = openNetlink(NETLINK_SOCK_DIAG);
  try {
    const all = new Map<number, T>();
    for (let pass = 0; pass < passes; pass++) {
      const known = all.size;
      const { sockets, pieces } = dump(fd, question);
      for (const socket of sockets) all.set(question.key(socket), socket);
      if (pieces === 1 || all.size === known) break;
    }
    return [...all.values()];
  } finally {
    closeFd(fd);
  }
}

/** Asks once. `pieces` counts the datagrams that had sockets in them. */
function dump<T>(fd: number, question: DiagQuestion<T>): { sockets: T[]; pieces: number } {
  return arena.scope(() => {
    const length = netlinkHeader.size + question.request.length;
    const request = arena.alloc(length);
    request.view.setUint32(netlinkHeader.length, length, true);
    request.view.setUint16(netlinkHeader.type, SOCK_DIAG_BY_FAMILY, true);
    request.view.setUint16(netlinkHeader.flags, NLM_F_REQUEST_DUMP, true);
    request.bytes.set(question.request, netlinkHeader.size);
    expectSuccess(trySyscall('sendto', fd, request.address, length, 0, 0, 0), 'sock_diag');
    const buffer = arena.alloc(longestAnswer);
    const sockets: T[] = [];
    let pieces = 0;
    for (let more = true; more; ) {
      const before = sockets.length;
      const got = expectSuccess(trySyscall('recvfrom', fd, buffer.address, buffer.length, 0, 0, 0), 'sock_diag');
      more = parseSockets(buffer.bytes.subarray(0, got), question, sockets) && got > 0;
      if (sockets.length > before) pieces++;
    }
    return { sockets, pieces };
  });
}

/** Adds the sockets of one netlink datagram to `found`; answers whether more datagrams follow. */
export function parseSockets<T>(
  bytes: Uint8Array,
  { answerLength, parse }: Pick<DiagQuestion<T>, 'answerLength' | 'parse'>,
  found: T[],
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + netlinkHeader.size <= bytes.length; ) {
    const length = view.getUint32(at + netlinkHeader.length, true);
    const type = view.getUint16(at + netlinkHeader.type, true);
    if (type === netlinkType.done) {
      // What has no list at all says so at its end.
      const result =
        length >= netlinkHeader.size + 4 && at + length <= bytes.length
          ? view.getInt32(at + netlinkHeader.size, true)
          : 0;
      if (result < 0) throw new LinuxError('sock_diag', -result);
      return false;
    }
    if (type === netlinkType.error) throw new LinuxError('sock_diag', -view.getInt32(at + netlinkHeader.size, true));
    if (length < netlinkHeader.size + answerLength || at + length > bytes.length) {
      throw new LinuxError('sock_diag', errno.EBADMSG, { about: `message of ${length} bytes at ${at}` });
    }
    found.push(parse(bytes.subarray(at + netlinkHeader.size, at + length)));
    at += netlinkAlign(length);
  }
  return true;
}

/** The attributes that begin at an offset of an answer, by their type. */
export function diagAttributes(bytes: Uint8Array, from: number): ReadonlyMap<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = from; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    found.set(view.getUint16(at + 2, true), bytes.subarray(at + 4, at + length));
    at += netlinkAlign(length);
  }
  return found;
}
