import { arena } from '../arena.ts';
import { errno, LinuxError } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

const AF_UNIX = 1;
/** struct sockaddr_un: the family in two bytes, then the name. Room for any. */
export const nameOffset = 2;
export const addressCapacity = 128;
/** Bytes of sun_path. unix(7) */
const longestName = 108;
/** linux/un.h */
const SIOCUNIXFILE = 0x89e0;

/** The name of a unix socket, unix(7): a path, or a leading `\0` and an abstract name; null when it has none. */
export function socketName(fd: number): string | null {
  return nameOf('getsockname', fd);
}

/** The name of the socket at the other end; null when that has none, or nobody is there. */
export function peerName(fd: number): string | null {
  return nameOf('getpeername', fd);
}

/** The same, byte for byte; empty: it has none. null: it is connected to nobody, alive or not. */
export function peerAddress(fd: number): Uint8Array | null {
  return addressWith('getpeername', fd);
}

function nameOf(call: 'getsockname' | 'getpeername', fd: number): string | null {
  const address = addressWith(call, fd);
  return address === null ? null : unixName(address);
}

function addressWith(call: 'getsockname' | 'getpeername', fd: number): Uint8Array | null {
  return arena.scope(() => {
    const address = arena.alloc(addressCapacity);
    const length = arena.alloc(4);
    length.view.setUint32(0, addressCapacity, true);
    const result = trySyscall(call, fd, address.address, length.address);
    if (result === -errno.ENOTCONN) return null;
    expectSuccess(result, call, { about: `of descriptor ${fd}` });
    if (address.view.getUint16(0, true) !== AF_UNIX) return null;
    return addressOf(address.bytes.subarray(nameOffset, Math.max(length.view.getUint32(0, true), nameOffset)));
  });
}

/** Reads the name part of a unix address: an abstract one is as long as it is, a path ends at its zero byte. */
export function unixName(bytes: Uint8Array): string | null {
  return bytes.length === 0 ? null : Buffer.from(addressOf(bytes)).toString();
}

/** The same, byte for byte. */
export function addressOf(bytes: Uint8Array): Uint8Array {
  const zero = bytes[0] === 0 ? -1 : bytes.indexOf(0);
  return Uint8Array.from(zero < 0 ? bytes : bytes.subarray(0, zero));
}

/**
 * The whole struct sockaddr_un of a name: a path gets its zero byte, an abstract name is as long as it is. unix(7)
 * @throws LinuxError ENAMETOOLONG
 */
export function socketAddress(name: Uint8Array): Buffer {
  const isPath = name.length > 0 && name[0] !== 0;
  if (name.length > longestName) throw new LinuxError('bind', errno.ENAMETOOLONG, { about: 'of a unix socket' });
  const address = Buffer.alloc(nameOffset + name.length + (isPath ? 1 : 0));
  address.writeUInt16LE(AF_UNIX, 0);
  address.set(name, nameOffset);
  return address;
}

/**
 * A new descriptor of the file that the path of a socket was (O_PATH): also where it has no name any more. SIOCUNIXFILE
 * @returns null: it has no path, or this user may not ask (CAP_NET_ADMIN)
 */
export function socketFile(fd: number): number | null {
  const result = trySyscall('ioctl', fd, SIOCUNIXFILE, 0);
  return result < 0 ? null : result;
}
