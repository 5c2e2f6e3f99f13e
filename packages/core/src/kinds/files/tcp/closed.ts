import { trySyscall } from '@criujs/linux';
import type { InetMaker, MadeInet } from '../inet/make.ts';
import type { Opener } from '../opening.ts';

/** SHUT_RDWR of shutdown(2). */
const bothHalves = 2;

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
