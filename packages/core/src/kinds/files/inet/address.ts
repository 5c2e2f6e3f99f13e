import { arena, type Block, errno, type InetFamily, LinuxError, syscall, trySyscall } from '@criujs/linux';
import { inetFamilies } from '../../../facts/inet.ts';
import { socketLevel, socketOption } from '../sockets.ts';

/** Where an internet socket is, or where it leads. ip(7), ipv6(7) */
export interface InetAddress {
  readonly family: InetFamily;
  /** 4 bytes or 16, in the order of the network. */
  readonly bytes: Uint8Array;
  readonly port: number;
  /** Index of the device that a link-local address belongs to; 0: none. */
  readonly scope: number;
  /** The label of its flow, in the order of the network as a number of this machine; 0: none. */
  readonly flow: number;
}

/** struct sockaddr_in6: behind the port the flow, and behind the address the scope. */
const v6 = { flow: 4, scope: 24 } as const;
const portAt = 2;

/** getsockname(2) or getpeername(2); null: it is not connected. @throws LinuxError */
export function readAddress(fd: number, call: 'getsockname' | 'getpeername'): InetAddress | null {
  return arena.scope(() => {
    const block = arena.alloc(inetFamilies[10].sockaddr);
    const size = arena.alloc(4);
    size.view.setUint32(0, block.length, true);
    const result = trySyscall(call, fd, block.address, size.address);
    if (result === -errno.ENOTCONN) return null;
    if (result < 0) throw new LinuxError(call, -result, { about: `of descriptor ${fd}` });
    return parseAddress(block);
  });
}

/** Where a TCP socket led that is connected no more, or not yet: SO_PEERNAME of socket(7). null: nowhere. */
export function readPeerBefore(fd: number, family: InetFamily): InetAddress | null {
  // The kernel refuses to fill less than there is room for.
  const { sockaddr } = inetFamilies[family];
  return arena.scope(() => {
    const block = arena.alloc(sockaddr);
    const size = arena.alloc(4);
    size.view.setUint32(0, sockaddr, true);
    const result = trySyscall('getsockopt', fd, socketLevel, socketOption.SO_PEERNAME, block.address, size.address);
    return result < 0 ? null : parseAddress(block);
  });
}

function parseAddress({ view, bytes }: Pick<Block, 'view' | 'bytes'>): InetAddress {
  const family: InetFamily = view.getUint16(0, true) === 10 ? 10 : 2;
  const { at, bytes: length } = inetFamilies[family];
  const is6 = family === 10;
  return {
    family,
    bytes: Uint8Array.from(bytes.subarray(at, at + length)),
    port: view.getUint16(portAt, false),
    scope: is6 ? view.getUint32(v6.scope, true) : 0,
    flow: is6 ? view.getUint32(v6.flow, true) : 0,
  };
}

/** The address of a `struct sockaddr_in` or `sockaddr_in6`; null: it is none. */
export function addressOfSockaddr(bytes: Buffer): InetAddress | null {
  const family = bytes.length < 2 ? 0 : bytes.readUInt16LE(0);
  if (family !== 2 && family !== 10) return null;
  if (bytes.length < inetFamilies[family].sockaddr) return null;
  return parseAddress({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) });
}

/** The `struct sockaddr_in` or `sockaddr_in6` of an address. */
export function sockaddrOf({ family, bytes, port, scope, flow }: InetAddress): Buffer {
  const { sockaddr, at } = inetFamilies[family];
  const made = Buffer.alloc(sockaddr);
  made.writeUInt16LE(family, 0);
  made.writeUInt16BE(port, portAt);
  made.set(bytes, at);
  if (family === 10) {
    made.writeUInt32LE(flow, v6.flow);
    made.writeUInt32LE(scope, v6.scope);
  }
  return made;
}

/** bind(2) or connect(2). @throws LinuxError */
export function callWithAddress(fd: number, call: 'bind' | 'connect', address: InetAddress): void {
  arena.scope(() => {
    const bytes = sockaddrOf(address);
    const block = arena.alloc(bytes.length);
    block.bytes.set(bytes);
    syscall(call, fd, block.address, block.length);
  });
}

/** Its bytes as images have them: numbers of 4 bytes each, as this machine reads them. */
export function wordsOf({ bytes }: Pick<InetAddress, 'bytes'>): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(at * 4, true));
}

/** The address of numbers of an image. Releases of CRIU before 0.2 wrote four for any. */
export function addressOfWords(family: InetFamily, words: readonly number[], port: number): InetAddress {
  const bytes = Buffer.alloc(inetFamilies[family].bytes);
  words.slice(0, inetFamilies[family].words).forEach((word, at) => {
    bytes.writeUInt32LE(word, at * 4);
  });
  return { family, bytes: Uint8Array.from(bytes), port, scope: 0, flow: 0 };
}

/** Whether it is 0.0.0.0 or ::, which is all of them. */
export function isAny({ bytes }: Pick<InetAddress, 'bytes'>): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whether it is an address that counts on one link only: fe80::/10, or a multicast address of a link or of a node. RFC 4291 */
export function needsScope({ family, bytes: [first = 0, second = 0] }: Pick<InetAddress, 'family' | 'bytes'>): boolean {
  if (family !== 10) return false;
  const isMulticast = first === 0xff && ((second & 0xf) === 1 || (second & 0xf) === 2);
  return isMulticast || (first === 0xfe && (second & 0xc0) === 0x80);
}

/** `127.0.0.1`, or `::1`. */
export function hostText({ family, bytes }: Pick<InetAddress, 'family' | 'bytes'>): string {
  if (family === 2) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(at * 2, false).toString(16));
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && view.getUint16(10, false) === 0xffff;
  if (isMapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const text = groups.join(':');
  // The longest run of zeros, and the first of several.
  const runs = [...text.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)];
  const [longest] = runs.sort(([one], [other]) => other.length - one.length);
  if (longest === undefined) return text;
  const behind = text.slice(longest.index + longest[0].length);
  return `${text.slice(0, longest.index).replace(/:$/, '')}::${behind.replace(/^:/, '')}`;
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function addressText(address: InetAddress): string {
  const host = hostText(address);
  return `${address.family === 10 ? `[${host}]` : host}:${address.port}`;
}
