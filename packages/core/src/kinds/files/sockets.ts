import { arena, trySyscall } from '@criujs/linux';

/** Numbers of socket(7) and unix(7). */
export const socketLevel = 1;
export const socketOption = {
  SO_REUSEADDR: 2,
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PRIORITY: 12,
  SO_REUSEPORT: 15,
  SO_PASSCRED: 16,
  SO_RCVLOWAT: 18,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_BINDTODEVICE: 25,
  SO_PEERNAME: 28,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_PASSSEC: 34,
  SO_MARK: 36,
  SO_PROTOCOL: 38,
  SO_DOMAIN: 39,
  SO_PEEK_OFF: 42,
  SO_LOCK_FILTER: 44,
  SO_BUF_LOCK: 72,
} as const;

/** AF_* of address_families(7). */
export const socketFamily = { unix: 1 } as const;

/** The inode in `socket:[123]` or `pipe:[123]`; null for any other link. */
export function inodeOfLink(link: string, what: 'socket' | 'pipe'): number | null {
  const match = /^(socket|pipe):\[(\d+)\]$/.exec(link);
  return match?.[1] === what ? Number(match[2]) : null;
}

/** A number that getsockopt(2) gives, or null where the socket has no such option. */
export function readOption(fd: number, option: number): number | null {
  return readOptionBytes(fd, option, 4)?.readInt32LE(0) ?? null;
}

/** What getsockopt(2) writes, or null where the socket has no such option. */
export function readOptionBytes(
  fd: number,
  option: number,
  length: number,
  level: number = socketLevel,
): Buffer | null {
  return arena.scope(() => {
    const value = arena.alloc(length);
    const size = arena.alloc(4);
    size.view.setUint32(0, length, true);
    const result = trySyscall('getsockopt', fd, level, option, value.address, size.address);
    return result < 0 ? null : Buffer.from(value.bytes);
  });
}

/** setsockopt(2); whether it worked. */
export function writeOptionBytes(fd: number, option: number, bytes: Uint8Array, level: number = socketLevel): boolean {
  return arena.scope(() => {
    const value = arena.alloc(bytes.length);
    value.bytes.set(bytes);
    return trySyscall('setsockopt', fd, level, option, value.address, bytes.length) === 0;
  });
}
