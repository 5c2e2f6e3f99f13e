import { acceptPackets, readable } from '@criujs/linux';
import { type Connection, createConnection, type Received } from './connection.ts';
import type { WireError } from './errors.ts';

/** Who is told what comes through connections. */
export interface Handlers {
  /** The descriptor is the handler's to close. */
  onMessage(connection: Connection, received: Received): void;
  /** It ended, or broke the protocol (`fault`); it is closed by now. */
  onEnd(connection: Connection, fault: WireError | null): void;
}

/** Connections of which any may have something. */
export interface Hub {
  add(fd: number): Connection;
  /** Looks at all of them until nothing is there; never waits. */
  drain(): void;
  /**
   * After an answer the next question is often there within microseconds: holds this thread for a moment to see, since a turn
   * of the event loop takes longer. Now and then it does not, so that timers and everybody else have their turn.
   */
  linger(): void;
  /** Nobody is there to ring any more: takes what was said last, and ends all connections. */
  end(): void;
  /** Closes all; nobody is told. */
  close(): void;
}

const EPROTONOSUPPORT = 93;
/** Microseconds; CRIU's next question comes in about 50 when the machine has nothing else to do. */
const lingerFor = 300;
/** In one turn of the event loop. */
const mostLingers = 50;

/** @param listener a listening socket whose connections are taken in */
export function createHub(handlers: Handlers, listener?: number): Hub {
  const connections = new Map<number, Connection>();
  const own = listener === undefined ? [] : [listener];
  let lingered = 0;

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

  function takeFrom(connection: Connection): void {
    const look = connection.look();
    if (look.kind === 'empty') return;
    if (look.kind === 'message') handlers.onMessage(connection, look);
    else end(connection, look.kind === 'fault' ? look.error : null);
  }

  function acceptAll(from: number): void {
    for (let fd = acceptPackets(from); fd !== null; fd = acceptPackets(from)) takeFrom(add(fd));
  }

  /** One look at all. Answers whether anything was there. */
  function pass(microseconds: number): boolean {
    const ready = readable([...own, ...connections.keys()], microseconds);
    for (const fd of ready) {
      const connection = connections.get(fd);
      if (connection !== undefined) takeFrom(connection);
      else if (fd === listener) acceptAll(listener);
    }
    return ready.length > 0;
  }

  function drain(): void {
    lingered = 0;
    let more = true;
    while (more) more = pass(0);
  }

  return {
    add,
    drain,
    end() {
      drain();
      // The kernel closes what a process had in an order of its own: the socket may end a moment after the bell.
      for (const connection of [...connections.values()]) end(connection, null);
    },
    linger() {
      lingered += 1;
      if (lingered < mostLingers) pass(lingerFor);
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
    // It has gone already: nobody is to be told.
  }
}
