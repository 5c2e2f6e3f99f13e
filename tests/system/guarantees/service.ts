import { createServer } from 'node:net';
import { arena, closeFd, syscall } from '@criujs/linux';
import { until } from '../../../packages/core/test/harness/wait.ts';

const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2000000];
/** struct sockaddr_un: where its path is. unix(7) */
const address = { length: 110, path: 2 } as const;

/** A service outside of the program: it only listens. */
export async function serve(path: string): Promise<{ close(): void }> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).unref());
  server.listen(path).unref();
  await until('the service listens', () => server.listening);
  return { close: () => void server.close() };
}

/** A descriptor of its own, connected: Node's sockets keep theirs. */
export function connectTo(path: string): number {
  const fd = syscall('socket', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  try {
    arena.scope(() => {
      const where = arena.alloc(address.length);
      where.view.setUint16(0, AF_UNIX, true);
      where.bytes.write(path, address.path);
      syscall('connect', fd, where.address, where.length);
    });
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
