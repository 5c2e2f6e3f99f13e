import { trySyscall } from '@criujs/linux';
import type { InetMaker, MadeInet } from '../inet/make.ts';
import type { Opener } from '../opening.ts';

/** SHUT_RDWR of shutdown(2). */
const bothHalves = 2;

/** Takes a socket to where a connection that is over leaves it: nothing comes, and nothing can be sent. It keeps its address. */
export function openShut(socket: MadeInet, maker: InetMaker): void {
  maker.bind(socket);
  maker.furnish(socket);
  trySyscall('shutdown', socket.fd, bothHalves);
}

/** Makes connections as closed ones: whoever reads finds the end, whoever writes gets EPIPE. */
export function closedOpener(maker: InetMaker): Opener {
  const made = new Map<number, MadeInet>();
  return {
    open: (it) =>
      maker.make(it, (socket) => {
        maker.furnish(socket);
        // It answers that there is no connection, and shuts it all the same. shutdown(2)
        trySyscall('shutdown', socket.fd, bothHalves);
        made.set(it.id, socket);
      }),
    afterFork({ id }, fd) {
      const socket = made.get(id);
      if (socket !== undefined) maker.ports.settle(fd, socket.own);
    },
  };
}
