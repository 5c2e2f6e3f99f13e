import { EngineError } from '@criujs/engine-kit';
import { batchEntryLength, LinuxError } from '@criujs/linux';
import { pageSize } from '../../facts/memory.ts';

const sizes = { code: pageSize, table: 0x8000, data: 0x2000, frame: 0x3000 } as const;

/** Places and sizes in our memory in a target, in bytes from its beginning. */
interface Room {
  readonly size: number;
  /** The first map: a page of code that may be executed. */
  readonly codeSize: number;
  /** Where in it code lies that is put there when it is needed. */
  readonly longCode: number;
  /** The second map, behind it, which may be written. */
  readonly writable: number;
  readonly writableSize: number;
  readonly table: number;
  /** Calls that the table holds. */
  readonly capacity: number;
  /** Answers. */
  readonly data: number;
  readonly dataSize: number;
  /** A signal frame. */
  readonly frame: number;
}

/** Our memory in a target. */
export const room: Room = {
  size: sizes.code + sizes.table + sizes.data + sizes.frame,
  codeSize: sizes.code,
  longCode: sizes.code / 4,
  writable: sizes.code,
  writableSize: sizes.table + sizes.data + sizes.frame,
  table: sizes.code,
  capacity: sizes.table / batchEntryLength,
  data: sizes.code + sizes.table,
  dataSize: sizes.data,
  frame: sizes.code + sizes.table + sizes.data,
};

/** What it means to a user that the target cannot map our memory. Other errors stay what they are. */
export function mapRefused(pid: number, cause: unknown): unknown {
  if (!(cause instanceof LinuxError) || cause.call !== 'mmap') return cause;
  const limited = cause.code === 'ENOMEM' || cause.code === 'EAGAIN';
  return new EngineError('KERNEL', `process ${pid} may not map ${room.size} bytes for the engine: ${cause.message}`, {
    pid,
    cause,
    remedy: limited
      ? 'Raise its limit of address space, data or locked memory (prlimit), or vm.max_map_count: one of them is reached.'
      : 'Allow it an executable page, which a security policy (SELinux execmem, PaX) forbids: the engine needs one for a moment.',
  });
}
