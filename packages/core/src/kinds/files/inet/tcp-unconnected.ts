import { trySyscall } from '@criujs/linux';
import type { FileKind } from '../kind.ts';
import { conditions } from '../pipe-content.ts';
import { inetKind } from './kind.ts';
import { createInetMaker } from './make.ts';
import { inetOpener } from './opener.ts';
import { judgeTcp, wasConnected } from './tcp.ts';
import { unread } from './unread.ts';

/** POLLERR and POLLRDHUP of poll(2): the receiving half is shut, as it is of every connection that is over. */
const pollError = 8;
const pollShut = 0x2000;

/** What shutdown(2) has shut: RCV_SHUTDOWN alone can be told of a socket that never had a connection. */
const shut = { none: 0, receiving: 1, both: 3 } as const;

/** SHUT_RD and SHUT_RDWR of shutdown(2). */
const how = { [shut.receiving]: 0, [shut.both]: 2 } as const;

/** TCP sockets that are new, have an address only, or had a connection that is over. */
export const tcpUnconnected: FileKind = inetKind({
  sort: 'tcp-unconnected',
  name: 'TCP socket without a connection',
  describe: [
    {
      subject: 'sockets',
      taken: ['TCP sockets that are not connected, or not any more'],
    },
  ],
  judge(socket, fd, tree) {
    if ((conditions(fd, pollShut) & pollError) !== 0)
      return {
        why: 'an error waits in it that the program has not been told yet, and asking for it takes it away',
        remedy: 'Dump it when the program has read it.',
        passes: true,
      };
    if (unread(fd) > 0)
      return {
        why: 'its connection is over, and the program has not read yet what came before',
        remedy: 'Dump it when the program has read what waits there.',
        passes: true,
      };
    return judgeTcp(socket, fd, tree);
  },
  entry(_, { fd }) {
    if ((conditions(fd, pollShut) & pollShut) === 0) return {};
    return { shutdown: wasConnected(fd) ? shut.both : shut.receiving };
  },
  load(context) {
    const maker = createInetMaker(context);
    return inetOpener(
      maker,
      (made) => {
        // The port of a connection that is over belongs to others by now.
        if (made.own.shutdown !== shut.both) maker.bind(made);
        maker.furnish(made);
      },
      ({ fd, own: { shutdown } }) => {
        if (shutdown === shut.receiving || shutdown === shut.both) tryToShut(fd, how[shutdown]);
      },
    );
  },
});

/** It is shut although the call answers that it is not connected. */
function tryToShut(fd: number, halves: number): void {
  trySyscall('shutdown', fd, halves);
}
