import { arena, errno, syscall, trySyscall } from '@criujs/linux';
import { socketLevel } from './sockets.ts';

/** SO_ATTACH_FILTER of socket(7); to get it back it is SO_GET_FILTER. */
const filterOption = 26;
/** SO_DETACH_FILTER. */
const noFilterOption = 27;
/** `struct sock_filter`, and `struct sock_fprog` with its pointer. linux/filter.h */
const instructionSize = 8;
const program = { length: 0, pointer: 8, size: 16 } as const;
/** BPF_MAXINSNS */
export const longestFilter = 4096;

/** An instruction as images have it, in one number: its code, both jumps and its operand from the highest bit on. criu/sockets.c */
function packed(view: DataView, at: number): bigint {
  const high = (view.getUint16(at, true) << 16) | (view.getUint8(at + 2) << 8) | view.getUint8(at + 3);
  return (BigInt(high >>> 0) << 32n) | BigInt(view.getUint32(at + 4, true));
}

function unpack(instruction: bigint, view: DataView, at: number): void {
  const high = Number(instruction >> 32n);
  view.setUint16(at, high >>> 16, true);
  view.setUint8(at + 2, (high >>> 8) & 0xff);
  view.setUint8(at + 3, high & 0xff);
  view.setUint32(at + 4, Number(instruction & 0xffff_ffffn), true);
}

/** The instructions of a socket's filter, none where it has none; null: it is one of extended BPF, which cannot be read. */
export function readFilter(fd: number): bigint[] | null {
  return arena.scope(() => {
    const size = arena.alloc(4);
    const result = trySyscall('getsockopt', fd, socketLevel, filterOption, 0, size.address);
    if (result === -errno.EACCES) return null;
    const count = result < 0 ? 0 : size.view.getUint32(0, true);
    if (count === 0) return [];
    const code = arena.alloc(count * instructionSize);
    syscall('getsockopt', fd, socketLevel, filterOption, code.address, size.address);
    return Array.from({ length: count }, (_, at) => packed(code.view, at * instructionSize));
  });
}

/** Gives a socket a filter. @throws LinuxError EINVAL for what is none */
export function attachFilter(fd: number, instructions: readonly bigint[]): void {
  if (instructions.length === 0) return;
  arena.scope(() => {
    const code = arena.alloc(instructions.length * instructionSize);
    instructions.forEach((it, at) => {
      unpack(it, code.view, at * instructionSize);
    });
    const head = arena.alloc(program.size);
    head.view.setUint16(program.length, instructions.length, true);
    head.view.setBigUint64(program.pointer, BigInt(code.address), true);
    syscall('setsockopt', fd, socketLevel, filterOption, head.address, program.size);
  });
}

/** Takes a socket's filter away. @throws LinuxError EPERM where it is locked */
export function detachFilter(fd: number): void {
  arena.scope(() => void syscall('setsockopt', fd, socketLevel, noFilterOption, arena.alloc(4).address, 4));
}
