import { EngineError } from '@criujs/engine-kit';
import { arena, trySyscall } from '@criujs/linux';
import type { SeenFile, Tree } from './kind.ts';

/** Numbers of socket(7) and unix(7). */
const socketLevel = 1;
export const socketOption = {
  SO_TYPE: 3,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PASSCRED: 16,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_PASSSEC: 34,
  SO_PROTOCOL: 38,
  SO_DOMAIN: 39,
} as const;

const family = { unix: 1, ipv4: 2, ipv6: 10 } as const;

/** Families whose sockets people ask about. address_families(7). */
const familyWords: Readonly<Record<number, string>> = {
  [family.unix]: 'unix socket',
  [family.ipv4]: 'network socket',
  [family.ipv6]: 'network socket',
  16: 'netlink socket',
  17: 'packet socket',
  38: 'kernel crypto socket',
  40: 'virtual machine socket',
  44: 'XDP socket',
};

/** Types of network sockets. socket(2). */
const networkWords: Readonly<Record<number, string>> = { 1: 'TCP socket', 2: 'UDP socket', 3: 'raw socket' };

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
export function readOptionBytes(fd: number, option: number, length: number): Buffer | null {
  return arena.scope(() => {
    const value = arena.alloc(length);
    const size = arena.alloc(4);
    size.view.setUint32(0, length, true);
    const result = trySyscall('getsockopt', fd, socketLevel, option, value.address, size.address);
    return result < 0 ? null : Buffer.from(value.bytes);
  });
}

/** setsockopt(2); whether it worked. */
export function writeOptionBytes(fd: number, option: number, bytes: Uint8Array): boolean {
  return arena.scope(() => {
    const value = arena.alloc(bytes.length);
    value.bytes.set(bytes);
    return trySyscall('setsockopt', fd, socketLevel, option, value.address, bytes.length) === 0;
  });
}

/** A socket in words, with its addresses where that is cheap: `TCP socket 127.0.0.1:80 → 127.0.0.1:5000`. */
export function describeSocket(file: SeenFile, tree: Tree): string {
  try {
    return tree.borrow(file, socketWords);
  } catch (error) {
    if (error instanceof EngineError) return file.link;
    throw error;
  }
}

function socketWords(fd: number): string {
  const domain = readOption(fd, socketOption.SO_DOMAIN) ?? 0;
  if (domain !== family.ipv4 && domain !== family.ipv6) return familyWords[domain] ?? `socket of family ${domain}`;
  const word = networkWords[readOption(fd, socketOption.SO_TYPE) ?? 0] ?? 'network socket';
  const [here, there] = [address(fd, 'getsockname'), address(fd, 'getpeername')];
  return [word, here, there === null ? null : `→ ${there}`].filter((part) => part !== null).join(' ');
}

/** An address of ip(7) or ipv6(7) as `host:port`. */
function address(fd: number, call: 'getsockname' | 'getpeername'): string | null {
  return arena.scope(() => {
    const socket = arena.alloc(128);
    const size = arena.alloc(4);
    size.view.setUint32(0, 128, true);
    if (trySyscall(call, fd, socket.address, size.address) < 0) return null;
    const port = socket.view.getUint16(2, false);
    if (socket.view.getUint16(0, true) === family.ipv4) return `${[...socket.bytes.subarray(4, 8)].join('.')}:${port}`;
    const groups = Array.from({ length: 8 }, (_, at) => socket.view.getUint16(8 + at * 2, false).toString(16));
    return `[${groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')}]:${port}`;
  });
}
