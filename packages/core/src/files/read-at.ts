import { readSync } from 'node:fs';

/** Reads from a place of a file until the buffer is full or the file ends. @returns how many bytes */
export function readAt(fd: number, into: Buffer, offset: number): number {
  let done = 0;
  for (let got = 1; got > 0 && done < into.length; done += got)
    got = readSync(fd, into, done, into.length - done, offset + done);
  return done;
}
