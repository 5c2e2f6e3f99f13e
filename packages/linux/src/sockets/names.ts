import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

const AF_UNIX = 1;
/** struct sockaddr_un: the family in two bytes, then the name. */
const nameOffset = 2;
const addressCapacity = 128;

/** The name of a unix socket, unix(7): a path, or a leading `\0` and an abstract name; null when it has none. */
export function socketName(fd: number): string | null {
  return nameOf('getsockname', fd);
}

/** The name of the socket at the other end; null when that has none, or nobody is there. */
export function peerName(fd: number): string | null {
  return nameOf('getpeername', fd);
}

function nameOf(call: 'getsockname' | 'getpeername', fd: number): string | null {
  return arena.scope(() => {
    const address = arena.alloc(addressCapacity);
    const length = arena.alloc(4);
    length.view.setUint32(0, addressCapacity, true);
    const result = trySyscall(call, fd, address.address, length.address);
    if (result === -errno.ENOTCONN) return null;
    expectSuccess(result, call, { about: `of descriptor ${fd}` });
    if (address.view.getUint16(0, true) !== AF_UNIX) return null;
    return unixName(address.bytes.subarray(nameOffset, length.view.getUint32(0, true)));
  });
}

/** Reads the name part of a unix address: an abstract one is as long as it is, a path ends at its zero byte. */
export function unixName(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return null;
  const zero = bytes[0] === 0 ? -1 : bytes.indexOf(0);
  return Buffer.from(zero < 0 ? bytes : bytes.subarray(0, zero)).toString();
}
