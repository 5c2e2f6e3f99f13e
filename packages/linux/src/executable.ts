import { closeFd, memfd } from './descriptors/own.ts';
import { syscall } from './syscall.ts';

const PROT_READ = 1;
const PROT_EXEC = 4;
const MAP_PRIVATE = 2;

/** Bytes of a page of memory. */
export const pageLength = 4096;

/** Maps a page that can be run but not written, filled through a file: many a policy forbids pages that are both. */
export function executablePage(name: string, code: Uint8Array): number {
  const fd = memfd(name, code);
  try {
    return syscall('mmap', 0, pageLength, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  } finally {
    closeFd(fd);
  }
}
