import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes that are read until the lines in them are parsed: the text of 30,000 maps takes 20 MB. */
const pieceLength = 1 << 18;
/** The kernel gives no more at a time of a file that it makes line by line: a page, or one line that is longer. */
const mostAtATime = 1 << 16;

const newline = 0x0a;

/** Gives the whole lines of a long file, some at a time, a character for each byte. */
export function forEachPiece(path: string, parse: (lines: string) => void): void {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(pieceLength);
    let filled = 0;
    for (;;) {
      const got = readSync(fd, buffer, filled, buffer.length - filled, null);
      filled += got;
      if (got > 0 && filled <= buffer.length - mostAtATime) continue;
      const end = got === 0 ? filled : buffer.lastIndexOf(newline, filled - 1) + 1;
      if (end === 0 && got > 0) throw new RangeError(`${path} has a line of more than ${filled} bytes`);
      parse(buffer.toString('latin1', 0, end));
      buffer.copyWithin(0, end, filled);
      filled -= end;
      if (got === 0) return;
    }
  } finally {
    closeSync(fd);
  }
}
