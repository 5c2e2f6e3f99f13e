import { closeFd, LinuxError, receivePacket, sendPacket } from '@criujs/linux';
import { decode, encode } from './codec.ts';
import { WireError } from './errors.ts';
import { longestMessage, type Message, type MessageInput } from './protocol.ts';

/** A message and the descriptor that came with it, which is the receiver's to close. */
export interface Received {
  readonly kind: 'message';
  readonly message: Message;
  readonly descriptor: number | null;
}

/** What a look at a connection found. */
export type Look =
  | Received
  | { readonly kind: 'empty' | 'end' }
  | { readonly kind: 'fault'; readonly error: WireError };

/** One end of a packet socket that speaks the protocol. */
export interface Connection {
  readonly fd: number;
  /**
   * Sends a message, and a descriptor with it (several with FILES): the other end gets one of its own, ours stays open. Never
   * waits.
   * @throws WireError WIRE_CLOSED when nobody is there, or nobody takes what was sent before; WIRE_LIMIT
   */
  send(message: MessageInput, descriptor?: number | null | readonly number[]): void;
  /** Takes the next message. Never waits and never throws; after `end` or `fault` only `close` makes sense. */
  look(): Look;
  /** Closes it, once. */
  close(): void;
}

/** A connection over a connected packet socket, which is its own from then on. */
export function createConnection(fd: number): Connection {
  let open = true;
  return {
    fd,
    send(message, descriptor = null) {
      const bytes = encode(message);
      if (!open) throw closed(message, undefined);
      let sent: boolean;
      try {
        sent = sendPacket(fd, bytes, typeof descriptor === 'number' ? [descriptor] : (descriptor ?? []));
      } catch (cause) {
        throw closed(message, cause);
      }
      if (!sent) throw closed(message, undefined);
    },
    look() {
      if (!open) return { kind: 'end' };
      try {
        return take(fd);
      } catch (error) {
        return { kind: 'fault', error: asWireError(error) };
      }
    },
    close() {
      if (open) closeFd(fd);
      open = false;
    },
  };
}

function take(fd: number): Look {
  const packet = receivePacket(fd, longestMessage);
  if (packet.kind !== 'packet') return packet;
  const [descriptor = null, ...more] = packet.descriptors;
  try {
    if (more.length > 0) throw new WireError('WIRE_MALFORMED', `a message came with ${1 + more.length} descriptors`);
    return { kind: 'message', message: decode(packet.bytes), descriptor };
  } catch (error) {
    packet.descriptors.forEach(closeFd);
    throw error;
  }
}

function asWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  if (error instanceof LinuxError && error.code !== 'EMSGSIZE') {
    return new WireError('WIRE_CLOSED', `a connection broke: ${error.message}`, { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new WireError('WIRE_MALFORMED', `a message breaks the protocol: ${why}`, { cause: error });
}

function closed({ type }: MessageInput, cause: unknown): WireError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new WireError('WIRE_CLOSED', `${type} could not be sent: the other end is gone${why}`, { cause });
}
