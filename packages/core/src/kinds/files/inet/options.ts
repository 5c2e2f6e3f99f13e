import { arena, type Block, closeFd, type InetFamily, trySyscall } from '@criujs/linux';
import { type InetOptionName, inetOptionNames, inetOptions } from '../../../facts/inet-options.ts';
import { openFlag } from '../flags.ts';
import { writeOptionBytes } from '../sockets.ts';

/** What the options of a socket are, by their names, as getsockopt(2) gives them. One that it does not have is not there. */
export type InetOptions = ReadonlyMap<InetOptionName, Buffer>;

/** What a socket is made as. socket(2) */
export interface InetShape {
  readonly family: InetFamily;
  readonly type: number;
  readonly protocol: number;
}

const longest = Math.max(...Object.values(inetOptions).map(({ length }) => length));

/** All options that a socket has. */
export function readInetOptions(fd: number): InetOptions {
  return arena.scope(() => {
    const room = { value: arena.alloc(longest), size: arena.alloc(4) };
    return new Map(
      inetOptionNames.flatMap((name) => {
        const bytes = readInetOption(fd, name, room);
        return bytes === null ? [] : [[name, bytes] as const];
      }),
    );
  });
}

/** null: the socket does not have it. */
function readInetOption(fd: number, name: InetOptionName, { value, size }: Room): Buffer | null {
  const { level, option, length, varies } = inetOptions[name];
  size.view.setUint32(0, length, true);
  if (trySyscall('getsockopt', fd, level, option, value.address, size.address) < 0) return null;
  const bytes = Buffer.from(value.bytes.subarray(0, Math.min(size.view.getUint32(0, true), length)));
  return varies ? trimmed(name, bytes) : bytes;
}

interface Room {
  readonly value: Block;
  readonly size: Block;
}

/** A name ends at its zero byte. */
function trimmed(name: InetOptionName, bytes: Buffer): Buffer {
  const end = name === 'TCP_CONGESTION' ? bytes.indexOf(0) : -1;
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** One that is a number; 0 where the socket does not have it. */
export function numberIn(options: InetOptions, name: InetOptionName): number {
  const bytes = options.get(name);
  return bytes === undefined || bytes.length < 4 ? 0 : bytes.readInt32LE(0);
}

/** What a socket of that shape has that is new; nothing where this user may make none. socket(2) */
export function defaultOptions({ family, type, protocol }: InetShape): InetOptions {
  const fd = trySyscall('socket', family, type | openFlag.O_CLOEXEC, protocol);
  if (fd < 0) return new Map();
  try {
    return readInetOptions(fd);
  } finally {
    closeFd(fd);
  }
}

/** Those that are not as in a new socket. */
export function changedOptions(options: InetOptions, defaults: InetOptions): InetOptions {
  return new Map([...options].filter(([name, bytes]) => !defaults.get(name)?.equals(bytes)));
}

/**
 * Sets options that are not as they should be, in the order of the table.
 * @param which those that count when it gets its address, or the others
 * @returns those that are not as they should be after all
 */
export function setInetOptions(fd: number, wanted: InetOptions, which: 'early' | 'late'): InetOptionName[] {
  return arena.scope(() => {
    const room = { value: arena.alloc(longest), size: arena.alloc(4) };
    return inetOptionNames.filter((name) => {
      const { level, option, isEarly } = inetOptions[name];
      const bytes = wanted.get(name);
      if (bytes === undefined || (isEarly ?? false) !== (which === 'early')) return false;
      if (readInetOption(fd, name, room)?.equals(bytes)) return false;
      writeOptionBytes(fd, option, bytes, level);
      return !readInetOption(fd, name, room)?.equals(bytes);
    });
  });
}
