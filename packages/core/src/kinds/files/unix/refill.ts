import { EngineError } from '@criujs/engine-kit';
import { type Accompanied, LinuxError, sendPart } from '@criujs/linux';
import { socketTypes } from './entry.ts';
import { queuesImage, type WaitingPacket } from './queue.ts';

/** Where what waited in a socket is sent again. */
export interface Filling {
  /** The other end. */
  readonly fd: number;
  readonly type: number;
  /** The socket in words. */
  readonly what: string;
  /** The engine's own descriptor of a file of the images. */
  descriptor(id: number): number;
  /** The pid now of a process of the images. */
  now(old: number): number | undefined;
  warn(message: string): void;
}

/** Puts back what waited. @throws EngineError IMAGE_INVALID where it does not fit */
export function fillQueue(packets: readonly WaitingPacket[], filling: Filling): void {
  const { fd, type, what, descriptor, now, warn } = filling;
  for (const { bytes, credentials, files } of packets) {
    const descriptors = files.map(descriptor);
    const from = credentials === null ? null : { ...credentials, pid: now(credentials.pid) ?? credentials.pid };
    try {
      for (let sent = 0; ; ) {
        const along = { credentials: from, descriptors: sent === 0 ? descriptors : [] };
        sent += sendAs(fd, bytes.subarray(sent), along, (why) => warn(`${what}: ${why}`));
        if (sent >= bytes.length || type !== socketTypes.stream) break;
      }
    } catch (error) {
      throw fillFailure(what, bytes.length, error);
    }
  }
}

/** A sender that is gone, or that we may not stand in for, becomes ourselves. */
function sendAs(fd: number, bytes: Uint8Array, along: Accompanied, warn: (why: string) => void): number {
  const { credentials: from, descriptors = [] } = along;
  try {
    return sendPart(fd, bytes, along);
  } catch (error) {
    if (!from || !(error instanceof LinuxError) || !notOurs.includes(error.code)) throw error;
    warn(`who sent what waits in it (process ${from.pid}, user ${from.uid}) cannot be told any more (${error.code})`);
    return sendPart(fd, bytes, { descriptors });
  }
}

const notOurs: readonly string[] = ['EPERM', 'ESRCH'];

function fillFailure(what: string, length: number, cause: unknown): EngineError {
  return new EngineError(
    'IMAGE_INVALID',
    `${queuesImage}: ${what} does not take the ${length} bytes that waited in it`,
    {
      remedy: 'Raise /proc/sys/net/core/wmem_max and /proc/sys/net/unix/max_dgram_qlen, or restore as root.',
      cause,
    },
  );
}
