import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs';
import { arena, closeFd, errnoName, socketAddress, syscall, trySyscall } from '@criujs/linux';
import { openFlag } from './flags.ts';
import { errorCode } from './seen.ts';
import { socketFamily } from './sockets.ts';
import { socketTypes } from './unix/entry.ts';

/** The longest path of a unix socket, in bytes, with room for the zero byte behind it. unix(7) */
const longestPath = 107;

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
  const name = Buffer.from(path);
  if (name.length > longestPath) return false;
  const fd = syscall('socket', socketFamily.unix, socketTypes.datagram | openFlag.O_CLOEXEC, 0);
  try {
    return arena.scope(() => {
      const bytes = socketAddress(name);
      const address = arena.alloc(bytes.length);
      address.bytes.set(bytes);
      const result = trySyscall('connect', fd, address.address, bytes.length);
      return result < 0 && errnoName(-result) === 'ECONNREFUSED';
    });
  } finally {
    closeFd(fd);
  }
}
