import { Socket } from 'node:net';

/** Calls back when a byte comes through a pipe. */
export interface Bell {
  /** Whether an open bell keeps Node running. */
  ref(): void;
  unref(): void;
  close(): void;
}

/**
 * Node's event loop cannot wait for a packet socket, nor take descriptors from any; it can wait for a pipe. So whoever sends
 * a packet writes a byte into a pipe afterwards, and we then look at the sockets ourselves.
 * @param fd the reading end; the bell closes it
 * @param onEnd every writer is gone
 */
export function hangBell(fd: number, onRing: () => void, onEnd?: () => void): Bell {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('data', onRing);
  pipe.on('end', () => onEnd?.());
  // A pipe of ours does not fail; whatever comes is the end of it.
  pipe.on('error', () => onEnd?.());
  return { ref: () => void pipe.ref(), unref: () => void pipe.unref(), close: () => void pipe.destroy() };
}
