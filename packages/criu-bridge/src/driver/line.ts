import { type CriuReqSchema, encodeRequest, type MessageInitShape } from '@criujs/images';
import {
  closeFd,
  LinuxError,
  type Packet,
  packetPair,
  receivePacket,
  sendPacket,
  trySyscall,
  watchReadable,
} from '@criujs/linux';

/** A packet of CRIU; its descriptors are the receiver's to close. */
export type CriuPacket = Extract<Packet, { kind: 'packet' }>;

/** A socket pair between us and a CRIU that need not be there yet, and a thread that waits for what it says. */
export interface Line {
  /** CRIU's end, until it is handed over. */
  readonly theirs: number;
  /** CRIU has its end: without ours of it, the line ends when CRIU does. */
  handOver(): void;
  /** false: CRIU is not there any more. */
  send(request: MessageInitShape<typeof CriuReqSchema>): boolean;
  /** The next packet; null at the end. */
  next(): Promise<CriuPacket | null>;
  /** Says goodbye, and settles when nothing more comes. */
  close(): Promise<void>;
}

/** shutdown(2): SHUT_RDWR. */
const bothWays = 2;

/** The thread takes about as long to start as CRIU: open the line first and start CRIU afterwards, to wait for neither. */
export function openLine(): Line {
  const { ours, theirs } = packetPair();
  const waiting: CriuPacket[] = [];
  let isHandedOver = false;
  let over = false;
  let wake = (): void => undefined;

  function takeAll(): void {
    try {
      while (!over) {
        const packet = receivePacket(ours);
        if (packet.kind === 'empty') return;
        if (packet.kind === 'packet') waiting.push(packet);
        else finish();
      }
    } catch {
      // A packet that no CRIU sends: nothing that follows could be understood.
      finish();
    } finally {
      wake();
    }
  }

  function finish(): void {
    over = true;
    watch.close();
  }

  const watch = watchReadable(ours, takeAll);
  const ended = watch.ended.then(() => {
    over = true;
    wake();
  });
  let closed: Promise<void> | undefined;

  function handOver(): void {
    if (!isHandedOver) closeFd(theirs);
    isHandedOver = true;
  }

  async function close(): Promise<void> {
    handOver();
    trySyscall('shutdown', ours, bothWays);
    await ended;
    for (const { descriptors } of waiting) descriptors.forEach(closeFd);
    closeFd(ours);
  }

  return {
    theirs,
    handOver,
    send: (request) => send(ours, request),
    async next() {
      while (waiting.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift() ?? null;
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

function send(fd: number, request: MessageInitShape<typeof CriuReqSchema>): boolean {
  const bytes = encodeRequest(request);
  try {
    return sendPacket(fd, bytes);
  } catch (error) {
    if (error instanceof LinuxError && (error.code === 'EPIPE' || error.code === 'ECONNRESET')) return false;
    throw error;
  }
}
