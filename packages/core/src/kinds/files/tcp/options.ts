import { arena, syscall } from '@criujs/linux';
import { readOption } from '../sockets.ts';

const SO_REUSEADDR = 2;

/** A number of 4 bytes as options have them. */
export function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

/** Sets an option that is a number. @throws LinuxError */
export function setOption(fd: number, level: number, option: number, value: number): void {
  setOptionBytes(fd, level, option, numberBytes(value));
}

/** setsockopt(2). @throws LinuxError */
export function setOptionBytes(fd: number, level: number, option: number, bytes: Uint8Array): void {
  arena.scope(() => {
    const block = arena.alloc(bytes.length);
    block.bytes.set(bytes);
    syscall('setsockopt', fd, level, option, block.address, bytes.length);
  });
}

/** Whether a socket may have an address that is still in use: repair mode changes it. */
export function reuseAddress(fd: number): boolean {
  return readOption(fd, SO_REUSEADDR) === 1;
}
