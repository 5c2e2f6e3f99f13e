import { EngineError } from '@criujs/engine-kit';
import { arena, trySyscall } from '@criujs/linux';
import { netlinkFamily } from '../../facts/netlink.ts';
import { packetFamily } from '../../facts/packet.ts';
import type { SeenFile, Tree } from './held.ts';

/** Numbers of socket(7) and unix(7). */
export const socketLevel = 1;
export const socketOption = {
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PRIORITY: 12,
  SO_PASSCRED: 16,
  SO_RCVLOWAT: 18,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_PASSSEC: 34,
  SO_MARK: 36,
  SO_PROTOCOL: 38,
  SO_DOMAIN: 39,
  SO_PEEK_OFF: 42,
  SO_LOCK_FILTER: 44,
} as const;

/** AF_* of address_families(7). */
export const socketFamily = { unix: 1, ipv4: 2, ipv6: 10 } as const;

/** Families whose sockets people ask about. address_families(7). */
const familyWords: Readonly<Record<number, string>> = {
  [socketFamily.unix]: 'unix socket',
  [socketFamily.ipv4]: 'network socket',
  [socketFamily.ipv6]: 'network socket',
  [netlinkFamily]: 'netlink socket',
  [packetFamily]: 'packet socket',
  38: 'kernel crypto socket',
  40: 'virtual machine socket (vsock)',
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

/** What was said of sockets: a plan says it again when it can no longer look. */
const known = new WeakMap<SeenFile, string>();

/** A socket in words, with its addresses where that is cheap: `TCP socket 127.0.0.1:80 → 127.0.0.1:5000`. */
export function describeSocket(file: SeenFile, tree: Tree): string {
  const words = known.get(file) ?? wordsOf(file, tree);
  known.set(file, words);
  return words;
}

function wordsOf(file: SeenFile, tree: Tree): string {
  try {
    return tree.borrow(file, socketWords);
  } catch (error) {
    if (error instanceof EngineError) return file.link;
    throw error;
  }
}

function socketWords(fd: number): string {
  const domain = readOption(fd, socketOption.SO_DOMAIN) ?? 0;
  if (domain !== socketFamily.ipv4 && domain !== socketFamily.ipv6)
    return familyWords[domain] ?? `socket of family ${domain}`;
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
    if (socket.view.getUint16(0, true) === socketFamily.ipv4)
      return `${[...socket.bytes.subarray(4, 8)].join('.')}:${port}`;
    const groups = Array.from({ length: 8 }, (_, at) => socket.view.getUint16(8 + at * 2, false).toString(16));
    return `[${groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')}]:${port}`;
  });
}
