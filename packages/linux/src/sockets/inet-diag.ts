import { type ShutHalves, shutHalves } from './diag.ts';
import { askForSockets, type DiagQuestion, diagAttributes } from './sock-diag.ts';

/** AF_INET and AF_INET6. address_families(7) */
export type InetFamily = 2 | 10;

/** An internet socket as sock_diag(7) shows it. It shows those only that have a port, or lead somewhere. */
export interface InetDiagSocket {
  readonly inode: number;
  /** TCP_* numbers: 1 connected, 7 not, 10 listening; other protocols have the first two. */
  readonly state: number;
  /** Addresses in the order of the network: 4 bytes, or 16. */
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** Index of the device to which it is bound; 0: none. */
  readonly device: number;
  /** Listening: connections that wait to be accepted, and how many may. Others: bytes that wait to be read, and to be sent. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly uid: number;
  /** Halves that are shut: shutdown(2). */
  readonly shut: ShutHalves;
  /** Whether it signs its packets (TCP_MD5SIG of tcp(7)); without CAP_NET_ADMIN the kernel does not say. */
  readonly signs: boolean;
}

const AF_INET = 2;
/** struct inet_diag_req_v2 and struct inet_diag_msg of linux/inet_diag.h. */
const requestLength = 56;
const answerLength = 72;
const attribute = { shutdown: 8, md5: 18 } as const;
/** Of what has a bit in a request. */
const bitOf = (type: number): number => 1 << (type - 1);

/**
 * Internet sockets of this network namespace.
 * @param protocol IPPROTO_*
 * @param states TCP_*: those in these alone; absent: all
 * @throws LinuxError ENOENT where the kernel has no such list (modules tcp_diag and udp_diag)
 */
export function inetSockets(
  family: InetFamily,
  protocol: number,
  states?: readonly number[],
): readonly InetDiagSocket[] {
  return askForSockets(inetQuestion(family, protocol, states));
}

export function inetQuestion(
  family: InetFamily,
  protocol: number,
  states?: readonly number[],
): DiagQuestion<InetDiagSocket> {
  const request = Buffer.alloc(requestLength);
  request.set([family, protocol, bitOf(attribute.shutdown)]);
  const wanted = states?.reduce((bits, state) => bits | (1 << state), 0) ?? 0xffffffff;
  request.writeUInt32LE(wanted >>> 0, 4);
  return {
    request,
    answerLength,
    parse: (bytes) => parseInetSocket(bytes, family === AF_INET ? 4 : 16),
    key: ({ inode }) => inode,
  };
}

/** struct inet_diag_msg, with its struct inet_diag_sockid, and its attributes. */
function parseInetSocket(bytes: Uint8Array, addressLength: number): InetDiagSocket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = diagAttributes(bytes, answerLength);
  return {
    state: view.getUint8(1),
    sourcePort: view.getUint16(4, false),
    destinationPort: view.getUint16(6, false),
    source: Uint8Array.from(bytes.subarray(8, 8 + addressLength)),
    destination: Uint8Array.from(bytes.subarray(24, 24 + addressLength)),
    device: view.getUint32(40, true),
    receiveQueue: view.getUint32(56, true),
    sendQueue: view.getUint32(60, true),
    uid: view.getUint32(64, true),
    inode: view.getUint32(68, true),
    shut: shutHalves[found.get(attribute.shutdown)?.[0] ?? 0] ?? 0,
    signs: (found.get(attribute.md5)?.length ?? 0) > 0,
  };
}
