import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { type LogLine, parseLine } from './lines.ts';

/** Milliseconds between looks. */
const lookMs = 100;
const chunkBytes = 256 * 1024;
/** The most that is read of a log at the end: the errors are in its last part. */
const mostBytes = 4 * 1024 * 1024;

/** Reads a log while it is written. */
export interface LogFollower {
  /** Reads what has come since the last look. */
  look(): void;
  stop(): void;
}

/** Follows a log that may not be there yet, or never be readable: then no line comes. */
export function followLog(path: string, onLine: (line: LogLine) => void): LogFollower {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let fd: number | null = null;
  let rest = '';
  const look = (): void => {
    fd ??= tryOpen(path);
    if (fd === null) return;
    for (;;) {
      const length = readSync(fd, buffer, 0, chunkBytes, null);
      if (length === 0) return;
      const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(parseLine(line));
    }
  };
  const timer = setInterval(look, lookMs);
  return {
    look,
    stop() {
      clearInterval(timer);
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function tryOpen(path: string): number | null {
  try {
    const fd = openSync(path, 'r');
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch {
    // Not there yet, or not ours to read: the end of the run tells.
  }
  return null;
}

/** The log of a run that is over, or why it cannot be read. */
export function readLog(path: string): { readonly text: string } | { readonly unreadable: string } {
  try {
    const bytes = readFileSync(path);
    return { text: bytes.subarray(Math.max(0, bytes.length - mostBytes)).toString('utf8') };
  } catch (error) {
    return { unreadable: (error as Error).message };
  }
}
