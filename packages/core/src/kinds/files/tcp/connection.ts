import { tcpStates } from '../../../facts/tcp.ts';

/** What waits in one direction of a connection. */
export interface TcpQueue {
  readonly bytes: Buffer;
  /** The sequence number behind it, that of a FIN included. */
  readonly next: number;
}

/** TCP_REPAIR_WINDOW: what both ends let each other send. */
export interface TcpWindow {
  readonly updatedAt: number;
  readonly send: number;
  readonly most: number;
  readonly receive: number;
  readonly receiveFrom: number;
}

/** A TCP connection as repair mode shows it. */
export interface TcpConnection {
  readonly state: number;
  /** TCPI_OPT_* bits. */
  readonly agreed: number;
  readonly sendScale: number;
  readonly receiveScale: number;
  readonly maximumSegment: number;
  /** What its packets say of the time; 0 where they say nothing. */
  readonly timestamp: number;
  readonly received: TcpQueue;
  /** `unsent` of its last bytes have never left. */
  readonly sent: TcpQueue & { readonly unsent: number };
  /** null: images of old releases do not have it. */
  readonly window: TcpWindow | null;
}

const { ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING } = tcpStates;

/** States of a connection that can be made again. */
export const connectedStates: readonly number[] = [ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING];

/** Whether it has said that it sends no more, and whether its peer has. */
export function hasSentEnd(state: number): boolean {
  return state === FIN_WAIT1 || state === FIN_WAIT2 || state === CLOSING || state === LAST_ACK;
}
export function hasReceivedEnd(state: number): boolean {
  return state === CLOSE_WAIT || state === LAST_ACK || state === CLOSING;
}

/** A sequence number so many bytes further. RFC 9293, 3.4 */
export function sequence(number: number, distance: number): number {
  return (number + distance) >>> 0;
}
