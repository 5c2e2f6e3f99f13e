import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs';
import { arena, closeFd, errnoName, syscall, trySyscall } from '@criujs/linux';
import { openFlag } from './flags.ts';
import { errorCode } from './seen.ts';

/** Numbers of socket(2) and unix(7): AF_UNIX, SOCK_DGRAM, the size of `struct sockaddr_un`. */
const unixFamily = 1;
const datagram = 2;
const addressSize = 110;
const pathAt = 2;

/**
 * Removes the name that a unix socket of the dumped program left in the file system, so that the new socket can bind
 * it: bind(2) refuses a name that is there. CRIU does so before it makes any socket. Left alone are names that are not absolute,
 * what is not a socket itself, and the name of a socket that lives.
 * @returns why a name had to stay; null: it is gone
 */
export function removeStaleName(name: string | null): string | null {
  if (name === null || !name.startsWith('/') || name.includes('\0')) return null;
  const before = socketAt(name);
  if (before === null) return null;
  // An accepted connection has the name of the socket that listened, which may live on.
  if (!isNobodys(name)) return null;
  const now = socketAt(name);
  if (now === null || now.ino !== before.ino || now.dev !== before.dev) return null;
  try {
    unlinkSync(name);
    return null;
  } catch (error) {
    return `its name ${name}, which nobody has any more, cannot be removed (${errorCode(error)})`;
  }
}

/** null: something else is there, or nothing, or this user may not look. */
function socketAt(path: string): BigIntStats | null {
  try {
    const stat = lstatSync(path, { bigint: true });
    return stat.isSocket() ? stat : null;
  } catch {
    return null;
  }
}

/**
 * Whether no living socket is bound to a name. A datagram socket that is connected to it tells: ECONNREFUSED says that none of any
 * type or network namespace is. A living one of another type answers EPROTOTYPE; none of them notices. unix(7), connect(2).
 */
function isNobodys(path: string): boolean {
  const bytes = Buffer.from(path);
  if (pathAt + bytes.length >= addressSize) return false;
  const fd = syscall('socket', unixFamily, datagram | openFlag.O_CLOEXEC, 0);
  try {
    return arena.scope(() => {
      const address = arena.alloc(addressSize);
      address.bytes.fill(0);
      address.view.setUint16(0, unixFamily, true);
      address.bytes.set(bytes, pathAt);
      const result = trySyscall('connect', fd, address.address, addressSize);
      return result < 0 && errnoName(-result) === 'ECONNREFUSED';
    });
  } finally {
    closeFd(fd);
  }
}
