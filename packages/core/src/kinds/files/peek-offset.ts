import type { Hold } from '../../machinery/guard/holds.ts';
import { socketLevel, socketOption, writeOptionBytes } from './sockets.ts';

/** SO_PEEK_OFF that has each look begin at the front; another has it begin there and the next one behind it. socket(7) */
const notKept = -1;

/**
 * Has the kernel go on behind each look at what waits in a socket: an offset of the socket, which is put back whatever happens.
 * @param what the socket, for warnings
 */
export function lookingOn<T>(fd: number, what: string, hold: Hold, look: () => T): T {
  const { SO_PEEK_OFF } = socketOption;
  const off = offsetBytes(notKept);
  const undo = [['setsockopt', { fd }, socketLevel, SO_PEEK_OFF, off, off.length] as const];
  return hold({ what: `the place from which ${what} is looked at`, undo, atCommit: 'undone' }, () => {
    writeOptionBytes(fd, SO_PEEK_OFF, offsetBytes(0));
    try {
      return look();
    } finally {
      writeOptionBytes(fd, SO_PEEK_OFF, off);
    }
  });
}

function offsetBytes(offset: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(offset);
  return bytes;
}
