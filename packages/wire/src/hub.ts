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
  /** Closes all; nobody is told. */
  close(): void;
}

/** @param listener a listening socket whose connections are taken in */
export function createHub(handlers: Handlers, listener?: number): Hub {
  const connections = new Map<number, Connection>();

  function add(fd: number): Connection {
    const connection = createConnection(fd);
    connections.set(fd, connection);
    return connection;
  }

  function end(connection: Connection, fault: WireError | null): void {
    connections.delete(connection.fd);
    connection.close();
    handlers.onEnd(connection, fault);
  }

  function takeFrom(connection: Connection): void {
    // A handler may close it, and its number may be another's then.
    while (connections.get(connection.fd) === connection) {
      const look = connection.look();
      if (look.kind === 'empty') return;
      if (look.kind === 'message') handlers.onMessage(connection, look);
      else end(connection, look.kind === 'fault' ? look.error : null);
    }
  }

  function acceptAll(from: number): void {
    for (let fd = acceptPackets(from); fd !== null; fd = acceptPackets(from)) takeFrom(add(fd));
  }

  return {
    add,
    drain() {
      const own = listener === undefined ? [] : [listener];
      for (;;) {
        const ready = readable([...own, ...connections.keys()]);
        if (ready.length === 0) return;
        for (const fd of ready) {
          const connection = connections.get(fd);
          if (connection !== undefined) takeFrom(connection);
          else if (fd === listener) acceptAll(listener);
        }
      }
    },
    close() {
      for (const connection of connections.values()) connection.close();
      connections.clear();
    },
  };
}
