import { arena, errno, type FlowEnd, LinuxError, syscall, trySyscall } from '@criujs/linux';
import {
  agreed,
  repairOption,
  repairQueue,
  repairWindowSize,
  tcpLevel,
  tcpOption,
  tcpRepair,
  tcpStates,
} from '../../../facts/tcp.ts';
import { socketLevel } from '../sockets.ts';
import { hasReceivedEnd, hasSentEnd, sequence, type TcpConnection, type TcpWindow } from './connection.ts';
import { setOption, setOptionBytes } from './options.ts';
import { giveSegment, segmentFlag } from './segment.ts';

/** SO_*BUFFORCE of socket(7), and the most that they take: the kernel doubles it. */
const [SO_SNDBUFFORCE, SO_RCVBUFFORCE] = [32, 33];
const mostBuffer = 0x3fff_ffff;
/** `struct linger` of socket(7): with no time at all a closed connection is gone at once. */
const SO_LINGER = 13;
const lingers = (on: boolean): Buffer => Buffer.from([on ? 1 : 0, 0, 0, 0, 0, 0, 0, 0]);
/** MSG_DONTWAIT and MSG_NOSIGNAL of send(2). */
const atOnce = 0x40 | 0x4000;
/** SHUT_WR of shutdown(2). */
const sendsNoMore = 1;
/** Beyond this the kernel wants memory in one piece; it is asked for less where it has none. */
const firstPiece = 256 * 1024;
const leastPiece = 1024;

/** How a new socket becomes a connection. */
export interface ConnectionPlace {
  readonly fd: number;
  /** Gives it the address that it had; repair mode lets it share its port. */
  bind(): void;
  /** Connects it; in repair mode nothing is sent. */
  connect(): void;
  /** Its addresses as packets have them. */
  readonly here: FlowEnd;
  readonly there: FlowEnd;
}

/**
 * Makes a connection again on a new socket, which stays in repair mode: nobody may use it until that is turned off.
 * Packets that it sends meanwhile have to be dropped.
 * @throws LinuxError
 */
export function makeConnection(place: ConnectionPlace, connection: TcpConnection): void {
  const { fd } = place;
  const { state, received, sent, window } = connection;
  const ends = { sent: hasSentEnd(state) ? 1 : 0, received: hasReceivedEnd(state) ? 1 : 0 };
  const firstSent = sequence(sent.next, -ends.sent - sent.bytes.length);
  const endReceived = sequence(received.next, -ends.received);

  setOption(fd, tcpLevel, tcpOption.repair, tcpRepair.on);
  place.bind();
  setSequence(fd, 'receive', sequence(endReceived, -received.bytes.length));
  setSequence(fd, 'send', firstSent);
  place.connect();
  agree(fd, connection);
  for (const option of [SO_SNDBUFFORCE, SO_RCVBUFFORCE]) setOption(fd, socketLevel, option, mostBuffer);

  fill(fd, 'receive', received.bytes);
  const left = sent.bytes.length - sent.unsent;
  fill(fd, 'send', sent.bytes.subarray(0, left));
  if (sent.unsent > 0) {
    // What has never left is sent as any data is, and counts as such. If the engine dies meanwhile, the kernel keeps nothing of it.
    setOptionBytes(fd, socketLevel, SO_LINGER, lingers(true));
    setOption(fd, tcpLevel, tcpOption.repair, tcpRepair.offSilently);
    send(fd, sent.bytes.subarray(left));
    setOption(fd, tcpLevel, tcpOption.repair, tcpRepair.on);
    setOptionBytes(fd, socketLevel, SO_LINGER, lingers(false));
  }
  if (window !== null) setWindow(fd, window, endReceived);

  const peer = (flags: number, number: number, acknowledges: number): void =>
    giveSegment({
      from: place.there,
      to: place.here,
      sequence: number,
      acknowledges,
      flags: flags | segmentFlag.acknowledge,
      window: Math.min((window?.send ?? 0) >>> connection.sendScale, 0xffff),
    });
  const isFirst = state !== tcpStates.LAST_ACK;
  if (ends.sent && isFirst) endSending(fd, sent.unsent === 0);
  if (ends.received) peer(segmentFlag.end, endReceived, firstSent);
  if (ends.sent && !isFirst) endSending(fd, sent.unsent === 0);
  if (state === tcpStates.FIN_WAIT2) peer(0, received.next, sent.next);
  if (window !== null && ends.received) setWindow(fd, window, received.next);
  if (state === tcpStates.CLOSE) peer(segmentFlag.reset, received.next, firstSent);
}

function setSequence(fd: number, queue: keyof typeof repairQueue, number: number): void {
  setOption(fd, tcpLevel, tcpOption.repairQueue, repairQueue[queue]);
  setOption(fd, tcpLevel, tcpOption.queueSequence, number);
}

/** What both ends have agreed on when they connected. */
function agree(fd: number, { agreed: bits, sendScale, receiveScale, maximumSegment, timestamp }: TcpConnection): void {
  const options: [code: number, value: number][] = [[repairOption.maximumSegment, maximumSegment]];
  if (bits & agreed.selectiveAcknowledgement) options.push([repairOption.selectiveAcknowledgement, 0]);
  if (bits & agreed.windowScale) options.push([repairOption.windowScale, sendScale | (receiveScale << 16)]);
  if (bits & agreed.timestamps) options.push([repairOption.timestamp, 0]);
  const bytes = Buffer.alloc(options.length * 8);
  options.forEach(([code, value], at) => {
    bytes.writeUInt32LE(code, at * 8);
    bytes.writeUInt32LE(value, at * 8 + 4);
  });
  setOptionBytes(fd, tcpLevel, tcpOption.repairOptions, bytes);
  if (bits & agreed.timestamps) setOption(fd, tcpLevel, tcpOption.timestamp, timestamp);
}

function fill(fd: number, queue: keyof typeof repairQueue, bytes: Buffer): void {
  if (bytes.length === 0) return;
  setOption(fd, tcpLevel, tcpOption.repairQueue, repairQueue[queue]);
  send(fd, bytes);
}

function send(fd: number, bytes: Buffer): void {
  let most = firstPiece;
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + most);
    const result = arena.scope(() => {
      const block = arena.alloc(piece.length);
      block.bytes.set(piece);
      return trySyscall('sendto', fd, block.address, block.length, atOnce, 0, 0);
    });
    if (result > 0) done += result;
    else if (result === -errno.ENOMEM && most > leastPiece) most >>= 1;
    else throw new LinuxError('sendto', -result, { about: `of ${piece.length} bytes into a TCP connection` });
  }
}

/** The window cannot begin behind what was received. */
function setWindow(fd: number, { updatedAt, send: sends, most, receive, receiveFrom }: TcpWindow, next: number): void {
  const beyond = sequence(receiveFrom, -next) | 0;
  const late = Math.max(beyond, 0);
  const bytes = Buffer.alloc(repairWindowSize);
  [updatedAt, sends, most, receive + late, sequence(receiveFrom, -late)].forEach((number, at) => {
    bytes.writeUInt32LE(number, at * 4);
  });
  setOptionBytes(fd, tcpLevel, tcpOption.repairWindow, bytes);
}

/** Says that it sends no more; `isSent`: that has left already, and is sent again if the peer does not answer. */
function endSending(fd: number, isSent: boolean): void {
  setOption(fd, tcpLevel, tcpOption.repairQueue, repairQueue[isSent ? 'send' : 'none']);
  syscall('shutdown', fd, sendsNoMore);
  setOption(fd, tcpLevel, tcpOption.repairQueue, repairQueue.none);
}
