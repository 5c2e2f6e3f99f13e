import { pause } from '@criujs/engine-kit/targets';
import { readOptionBytes } from '../sockets.ts';

/** SO_MEMINFO of socket(7): the first number is how much memory holds what waits. linux/sock_diag.h */
const memory = { option: 55, length: 36 } as const;

/** Another thread of the kernel may hand it over when this machine is busy: looks once a millisecond, so often. */
const looks = 100;

/** Sends something to a socket of ours on this machine, and waits until it is there; whether it is. */
export function arrives(fd: number, send: () => boolean): boolean {
  const before = held(fd);
  if (!send()) return false;
  for (let look = 0; look < looks; look++) {
    if (held(fd) > before) return true;
    pause(1);
  }
  return false;
}

function held(fd: number): number {
  return readOptionBytes(fd, memory.option, memory.length)?.readUInt32LE(0) ?? 0;
}
