import { EngineError } from '@criujs/engine-kit';
import { arena, errnoName, firstErrandDescriptor, type GuardCall, LinuxError, runErrand, syscall } from '@criujs/linux';
import {
  agreed,
  queueCall,
  repairQueue,
  repairWindowSize,
  tcpInfoHead,
  tcpLevel,
  tcpOption,
  tcpRepair,
  tcpStates,
} from '../../../facts/tcp.ts';
import { readOptionBytes, socketLevel } from '../sockets.ts';
import { hasSentEnd, type TcpConnection } from './connection.ts';
import { numberBytes, reuseAddress, setOption } from './options.ts';

const SO_REUSEADDR = 2;
const SO_PEEK_OFF = 42;
/** MSG_PEEK and MSG_DONTWAIT of recv(2). */
const peek = 0x2 | 0x40;
/** So many bytes, and so many sockets, are read by one errand: it has all of them in its memory. */
const bytesAtOnce = 16 * 2 ** 20;
const socketsAtOnce = 200;

/** A connection that is to be read, and how much waits in it. */
interface Question {
  readonly fd: number;
  readonly isOver: boolean;
  readonly received: number;
  readonly unacknowledged: number;
}

/**
 * Reads connections that stand still: nobody may use them, and no packet of them may come or go. Their queues and numbers stay as they are.
 *
 * A socket tells them in repair mode only, in which whoever uses it gets errors. So a process of its own turns that on, reads, and turns it
 * off again, all at once: if the engine is killed meanwhile, the program finds its sockets as they were.
 * @throws EngineError NOT_PERMITTED, KERNEL
 */
export function readConnections(fds: readonly number[]): TcpConnection[] {
  const found: TcpConnection[] = [];
  const questions = fds.map(questionOf);
  for (let at = 0; at < questions.length; ) {
    const some: Question[] = [];
    let bytes = 0;
    do {
      const next = questions[at + some.length] as Question;
      some.push(next);
      bytes += next.received + next.unacknowledged;
    } while (some.length < socketsAtOnce && bytes < bytesAtOnce && at + some.length < questions.length);
    found.push(...readSome(some));
    at += some.length;
  }
  return found;
}

/** What a connection that is over has not sent is gone, though the kernel goes on counting it. */
function questionOf(fd: number): Question {
  const isOver = readOptionBytes(fd, tcpOption.info, 1, tcpLevel)?.readUInt8(0) === tcpStates.CLOSE;
  const unacknowledged = isOver ? 0 : queued(fd, 'unacknowledged');
  return { fd, isOver, received: queued(fd, 'received'), unacknowledged };
}

function queued(fd: number, what: keyof typeof queueCall): number {
  return arena.scope(() => {
    const block = arena.alloc(4);
    syscall('ioctl', fd, queueCall[what], block.address);
    return block.view.getInt32(0, true);
  });
}

function readSome(questions: readonly Question[]): TcpConnection[] {
  const lists = questions.map((question, at) => listFor(question, firstErrandDescriptor + at));
  const answers = runErrand(
    lists.flatMap(({ calls }) => calls),
    questions.map(({ fd }) => fd),
  );
  if (answers === null) {
    for (const { fd } of questions) endRepair(fd, reuseAddress(fd));
    throw new EngineError('KERNEL', 'a process that reads TCP connections was killed', {
      remedy: 'Find out who ended it, and dump again. The target runs on.',
    });
  }
  let from = 0;
  return lists.map(({ calls, read }) => {
    const own = answers.slice(from, from + calls.length);
    from += calls.length;
    return read(own);
  });
}

/** Whoever has turned repair mode on has changed SO_REUSEADDR with it. */
function endRepair(fd: number, reuse: boolean): void {
  setOption(fd, tcpLevel, tcpOption.repair, tcpRepair.offSilently);
  setOption(fd, socketLevel, SO_REUSEADDR, reuse ? 1 : 0);
}

/** The calls that read one connection, by the number that its descriptor has there. */
function listFor(
  { fd, isOver, received, unacknowledged }: Question,
  there: number,
): { readonly calls: readonly GuardCall[]; read(answers: readonly number[]): TcpConnection } {
  const calls: GuardCall[] = [];
  const add = (...call: GuardCall): number => calls.push(call) - 1;
  const get = (option: number, length: number): Buffer => {
    const value = Buffer.alloc(length);
    add('getsockopt', there, tcpLevel, option, value, numberBytes(length));
    return value;
  };
  const set = (level: number, option: number, value: number): number =>
    add('setsockopt', there, level, option, numberBytes(value), 4);
  const ask = (command: number): Buffer => {
    const value = Buffer.alloc(4);
    add('ioctl', there, command, value);
    return value;
  };
  const queue = (which: keyof typeof repairQueue, length: number): PeekedQueue => {
    set(tcpLevel, tcpOption.repairQueue, repairQueue[which]);
    const next = get(tcpOption.queueSequence, 4);
    const bytes = Buffer.alloc(length);
    // Nothing is asked for where nothing waits: that would take an error that waits.
    const at = length > 0 ? add('recvfrom', there, bytes, length, peek, 0, 0) : null;
    return { next, bytes, found: (answers) => (at === null ? 0 : (answers[at] as number)) };
  };
  const peeksFrom = peekOffset(fd);
  const reuse = reuseAddress(fd);

  const repair = set(tcpLevel, tcpOption.repair, tcpRepair.on);
  const info = get(tcpOption.info, tcpInfoHead.size);
  const segment = get(tcpOption.maximumSegment, 4);
  const timestamp = get(tcpOption.timestamp, 4);
  const window = get(tcpOption.repairWindow, repairWindowSize);
  if (peeksFrom >= 0) set(socketLevel, SO_PEEK_OFF, -1);
  const incoming = queue('receive', received);
  const outgoing = queue('send', unacknowledged);
  const [inLength, outLength, unsent] = [ask(queueCall.received), ask(queueCall.unacknowledged), ask(queueCall.unsent)];
  if (peeksFrom >= 0) set(socketLevel, SO_PEEK_OFF, peeksFrom);
  set(tcpLevel, tcpOption.repair, tcpRepair.offSilently);
  set(socketLevel, SO_REUSEADDR, reuse ? 1 : 0);

  return {
    calls,
    read(answers) {
      const refused = answers[repair] as number;
      if (refused < 0) throw notPermitted(new LinuxError('setsockopt', -refused, { about: 'TCP_REPAIR' }));
      const state = info.readUInt8(tcpInfoHead.state);
      // The kernel counts a FIN that was not acknowledged yet; it has no bytes.
      const end = hasSentEnd(state) && unacknowledged > 0 ? 1 : 0;
      const isSteady =
        inLength.readInt32LE(0) === received &&
        (isOver || outLength.readInt32LE(0) === unacknowledged) &&
        incoming.found(answers) === received &&
        outgoing.found(answers) === unacknowledged - end;
      if (!isSteady || answers.some((answer) => answer < 0)) throw changed(calls, answers);
      const scales = info.readUInt8(tcpInfoHead.scales);
      const bits = info.readUInt8(tcpInfoHead.options);
      const hasScale = (bits & agreed.windowScale) !== 0;
      return {
        state,
        agreed: bits,
        sendScale: hasScale ? scales & 0xf : 0,
        receiveScale: hasScale ? scales >> 4 : 0,
        maximumSegment: segment.readUInt32LE(0),
        timestamp: bits & agreed.timestamps ? timestamp.readUInt32LE(0) : 0,
        received: { bytes: incoming.bytes, next: incoming.next.readUInt32LE(0) },
        sent: {
          bytes: outgoing.bytes.subarray(0, unacknowledged - end),
          next: outgoing.next.readUInt32LE(0),
          unsent: isOver ? 0 : Math.max(unsent.readInt32LE(0) - end, 0),
        },
        window: {
          updatedAt: window.readUInt32LE(0),
          send: window.readUInt32LE(4),
          most: window.readUInt32LE(8),
          receive: window.readUInt32LE(12),
          receiveFrom: window.readUInt32LE(16),
        },
      };
    },
  };
}

/** A queue that was looked into. */
interface PeekedQueue {
  readonly next: Buffer;
  readonly bytes: Buffer;
  /** How much was found. */
  found(answers: readonly number[]): number;
}

function changed(calls: readonly GuardCall[], answers: readonly number[]): EngineError {
  const at = answers.findIndex((answer) => answer < 0);
  const what =
    at < 0
      ? 'its queues are not as long as they were'
      : `${calls[at]?.[0]} answers ${errnoName(-(answers[at] as number))}`;
  return new EngineError('KERNEL', `a TCP connection cannot be read: ${what}`, {
    remedy: 'Dump again. The target runs on.',
  });
}

function peekOffset(fd: number): number {
  return arena.scope(() => {
    const [value, size] = [arena.alloc(4), arena.alloc(4)];
    size.view.setUint32(0, 4, true);
    syscall('getsockopt', fd, socketLevel, SO_PEEK_OFF, value.address, size.address);
    return value.view.getInt32(0, true);
  });
}

function notPermitted(cause: LinuxError): EngineError {
  return new EngineError('NOT_PERMITTED', `TCP connections cannot be dumped (${cause.message})`, {
    cause,
    remedy: 'Dump as root, or with CAP_NET_ADMIN.',
  });
}
