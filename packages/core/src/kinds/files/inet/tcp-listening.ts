import { syscall } from '@criujs/linux';
import type { FileKind } from '../kind.ts';
import { inetKind } from './kind.ts';
import { createInetMaker } from './make.ts';
import { inetOpener } from './opener.ts';
import { judgeTcp } from './tcp.ts';

/** TCP sockets that listen. */
export const tcpListening: FileKind = inetKind({
  sort: 'tcp-listening',
  name: 'TCP socket that listens',
  describe: [
    {
      subject: 'sockets',
      taken: ['TCP sockets that listen, with all their options'],
      refused: ['TCP sockets at which connections wait to be accepted'],
    },
  ],
  judge: (socket, fd, tree) =>
    socket.waiting === 0 || tree.options.skipInFlight
      ? judgeTcp(socket, fd, tree)
      : {
          why: 'a connection waits there to be accepted',
          remedy:
            'Dump it when the program has accepted it, or leave it out: --skip-in-flight (option `skipInFlight`).',
          passes: true,
        },
  load(context) {
    const maker = createInetMaker(context);
    return inetOpener(
      maker,
      (made) => {
        maker.bind(made);
        maker.furnish(made);
      },
      ({ fd, own }) => syscall('listen', fd, own.backlog),
    );
  },
});
