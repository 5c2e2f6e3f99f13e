import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';

/** A living service outside of the pretend tree: a unix socket that listens, on Windows a named pipe. */
export interface Service {
  /** Where it listens. */
  readonly path: string;
  /** How many connections it has taken, those of the tree itself left out. */
  connections(): number;
  /** A connection as a program of the tree has it. */
  connect(): Promise<Connection>;
  close(): Promise<void>;
}

/** One end of a connection. */
export interface Connection {
  /** Its descriptor; null where the platform shows none (Windows). */
  readonly fd: number | null;
  close(): Promise<void>;
}

/** Starts a service in this process. It does not keep the process alive. */
export async function startService(
  folder: string,
  name: string,
  serve: (connection: Socket) => void = (it) => void it.resume(),
): Promise<Service> {
  const path =
    process.platform === 'win32' ? `\\\\.\\pipe\\${folder.replaceAll(/\W/g, '-')}-${name}` : join(folder, name);
  const open = new Set<Socket>();
  let taken = 0;
  let own = 0;
  const server: Server = createServer((connection) => {
    taken += 1;
    open.add(connection);
    connection.on('close', () => open.delete(connection));
    connection.on('error', () => connection.destroy());
    serve(connection.unref());
  });
  server.unref().listen(path);
  await once(server, 'listening');
  return {
    path,
    connections: () => taken - own,
    async connect() {
      const before = taken;
      const socket = new Socket().pause();
      await Promise.all([once(socket.connect(path), 'connect'), nextConnection(server, () => taken > before)]);
      own += 1;
      return { fd: descriptorOf(socket), close: () => closed(socket) };
    },
    async close() {
      const ended = once(server, 'close');
      server.close();
      await Promise.all([...[...open].map(closed), ended]);
    },
  };
}

async function nextConnection(server: Server, there: () => boolean): Promise<void> {
  while (!there()) await once(server, 'connection');
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const ended = once(socket, 'close');
  socket.destroy();
  await ended;
}

/** Node has no public way to the number. */
function descriptorOf(socket: Socket): number | null {
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  return fd !== undefined && fd >= 0 ? fd : null;
}
