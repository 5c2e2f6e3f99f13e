import { setImmediate as nextTurn } from 'node:timers/promises';
import { acceptPackets, readable } from '@criujs/linux';
import { type Connection, createConnection, type Received } from './connection.ts';
import type { WireError } from './errors.ts';

/** What a handler that has done its work expects next. */
export type Expects =
  /** Another message within microseconds, and nobody else has anything to do: to look out for it is better than to sleep. */
  | 'at-once'
  /** Whoever sends it rings the bell. */
  | 'a-ring';

/** Who is told what comes through connections. */
export interface Handlers {
  /**
   * The descriptor is the handler's to close. Until a promise settles nothing more is taken from this connection, so that what
   * comes too fast waits with its sender; it must not reject.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers have nothing to say
  onMessage(connection: Connection, received: Received): void | Promise<Expects>;
  /** It ended, or broke the protocol (`fault`); it is closed by now. */
  onEnd(connection: Connection, fault: WireError | null): void;
}

/** Connections of which any may have something. */
export interface Hub {
  add(fd: number): Connection;
  /** Looks at all of them until nothing is there; never waits. */
  drain(): void;
  /** Settles when no handler is at work, and nothing more was there for those that were. */
  idle(): Promise<void>;
  /** Nobody is there to ring any more: takes what was said last, and ends all connections. */
  end(): void;
  /** Closes all; nobody is told. */
  close(): void;
}

const EPROTONOSUPPORT = 93;
/** Microseconds; CRIU's next question comes in about 50 when the machine has nothing else to do. */
const lingerFor = 300;
/** How often this thread is held in one turn of the event loop: timers and everybody else want theirs. */
const mostLingers = 50;
/** Messages that are worked on in one turn. */
const mostInTurn = 64;

/** @param listener a listening socket whose connections are taken in */
export function createHub(handlers: Handlers, listener?: number): Hub {
  const connections = new Map<number, Connection>();
  /** Those whose last message is worked on. */
  const busy = new Set<Connection>();
  const waiting: (() => void)[] = [];
  const turn = { lingers: 0, messages: 0 };

  function add(fd: number): Connection {
    const connection = createConnection(fd);
    connections.set(fd, connection);
    return connection;
  }

  function end(connection: Connection, fault: WireError | null): void {
    connections.delete(connection.fd);
    if (fault?.code === 'WIRE_VERSION') sayVersion(connection, fault);
    connection.close();
    handlers.onEnd(connection, fault);
  }

  function isOpen(connection: Connection): boolean {
    return connections.get(connection.fd) === connection;
  }

  /** Takes messages until a handler works on one, which is given, or nothing is there. */
  function take(connection: Connection): Promise<Expects> | undefined {
    while (isOpen(connection)) {
      const look = connection.look();
      if (look.kind === 'empty') return undefined;
      if (look.kind !== 'message') {
        end(connection, look.kind === 'fault' ? look.error : null);
        return undefined;
      }
      const work = handlers.onMessage(connection, look);
      if (work !== undefined) return work;
    }
    return undefined;
  }

  function takeFrom(connection: Connection): void {
    const work = take(connection);
    if (work !== undefined) void follow(connection, work);
  }

  /** Takes one message after the other, each when the one before is done. */
  async function follow(connection: Connection, first: Promise<Expects>): Promise<void> {
    busy.add(connection);
    let expects: Expects = 'a-ring';
    for (let work: Promise<Expects> | undefined = first; work !== undefined; work = take(connection)) {
      expects = await work;
      turn.messages += 1;
      if (turn.messages < mostInTurn) continue;
      await nextTurn();
      beginTurn();
    }
    busy.delete(connection);
    if (busy.size > 0) return;
    for (const tell of waiting.splice(0)) tell();
    if (expects === 'at-once') linger();
  }

  function acceptAll(from: number): void {
    for (let fd = acceptPackets(from); fd !== null; fd = acceptPackets(from)) takeFrom(add(fd));
  }

  /** One look at all that nobody works for. Answers whether anything was there. */
  function pass(microseconds: number): boolean {
    const own = listener === undefined ? [] : [listener];
    const idle = [...connections.values()].filter((it) => !busy.has(it));
    const ready = readable([...own, ...idle.map(({ fd }) => fd)], microseconds);
    for (const fd of ready) {
      const connection = connections.get(fd);
      if (connection !== undefined) takeFrom(connection);
      else if (fd === listener) acceptAll(listener);
    }
    return ready.length > 0;
  }

  /** A turn of the event loop takes longer than the next message: holds this thread for a moment to see. */
  function linger(): void {
    turn.lingers += 1;
    if (turn.lingers < mostLingers) pass(lingerFor);
  }

  function beginTurn(): void {
    Object.assign(turn, { lingers: 0, messages: 0 });
  }

  function drain(): void {
    beginTurn();
    let more = true;
    while (more) more = pass(0);
  }

  return {
    add,
    drain,
    async idle() {
      while (busy.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    end() {
      drain();
      // The kernel closes what a process had in an order of its own: the socket may end a moment after the bell.
      for (const connection of [...connections.values()]) end(connection, null);
    },
    close() {
      for (const connection of connections.values()) connection.close();
      connections.clear();
    },
  };
}

/** The other side cannot read it, but it sees our version. */
function sayVersion(connection: Connection, { message }: WireError): void {
  try {
    connection.send({ type: 'WELCOME', result: -EPROTONOSUPPORT, error: message });
  } catch {
    // It has already ended: there is no one to notify.
  }
}
