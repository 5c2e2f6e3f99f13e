import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { until } from './until.ts';

/** The service at the other end of the program's socket: it is not dumped, and asks whoever is connected. */
export interface Service {
  readonly path: string;
  /** How many connections it has taken. */
  connections(): number;
  /** Asks over the newest connection, and gives the answer. */
  ask(question: string): Promise<string>;
  /** A connection as a program has it. Close it once the program has taken it over. */
  connect(): Promise<{ readonly fd: number; close(): void }>;
  close(): Promise<void>;
}

export async function startService(path: string): Promise<Service> {
  const open = new Set<Socket>();
  let taken = 0;
  let newest: Socket | null = null;
  let heard = '';
  const server = createServer((connection) => {
    taken += 1;
    newest = connection;
    open.add(connection);
    connection.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    // A program that is killed resets its connection.
    connection.on('error', () => connection.destroy());
    connection.on('close', () => open.delete(connection));
  });
  server.listen(path);
  await once(server, 'listening');

  return {
    path,
    connections: () => taken,
    async ask(question) {
      // Each question has a word of its own: what is answered to it is no answer to an older one.
      const word = `${question}-${heard.length}`;
      newest?.write(`${word}\n`);
      const answer = (): string | undefined => heard.split('\n').find((line) => line.startsWith(`${word} `));
      await until(`the program answers ${question}`, () => answer() !== undefined);
      return answer()?.slice(word.length + 1) ?? '';
    },
    async connect() {
      const before = taken;
      const socket = new Socket().pause();
      await once(socket.connect(path), 'connect');
      await until('the service takes the connection', () => taken > before);
      const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
      return { fd, close: () => void socket.destroy() };
    },
    async close() {
      const closed = once(server, 'close');
      for (const connection of open) connection.destroy();
      server.close();
      await closed;
    },
  };
}
