import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Why a file was not read: no file of ours to judge, or more than wanted. */
export type Unread = { readonly kind: 'strange' } | { readonly kind: 'large'; readonly bytes: number };

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
/** Bytes of a read. */
const portion = 1 << 20;

/**
 * Reads a plain file and never waits: a pipe, a socket or a device is not opened, and files of the kernel that would block
 * give an error.
 * @param most bytes that are read, whatever the file says of its size
 * @throws Error of the system call that failed
 */
export function readPlain(path: string, most: number): Buffer | Unread {
  // Opening a device may do something already.
  if (!statSync(path).isFile()) return { kind: 'strange' };
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) return { kind: 'strange' };
    if (found.size > most) return { kind: 'large', bytes: found.size };
    return readAll(fd, most);
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, most: number): Buffer | Unread {
  const parts: Buffer[] = [];
  for (let bytes = 0; ; ) {
    const part = Buffer.allocUnsafe(portion);
    const count = readSync(fd, part);
    if (count === 0) return Buffer.concat(parts);
    bytes += count;
    if (bytes > most) return { kind: 'large', bytes };
    parts.push(part.subarray(0, count));
  }
}
