import type { FileKind } from '../kind.ts';
import { conditions } from '../pipe-content.ts';
import { inetKind } from './kind.ts';
import { createInetMaker, inetOpener } from './make.ts';

/** POLLRDHUP of poll(2): the receiving half is shut, as it is of every connection that is over. */
const pollShut = 0x2000;

/** TCP sockets that are new, or have an address only. */
export const tcpUnconnected: FileKind = inetKind({
  sort: 'tcp-unconnected',
  name: 'TCP socket without a connection',
  describe: [
    {
      subject: 'sockets',
      taken: ['TCP sockets that are not connected'],
      refused: ['TCP sockets whose connection is over'],
    },
  ],
  judge: (_, fd) =>
    (conditions(fd, pollShut) & pollShut) === 0
      ? null
      : { why: 'its connection is over', remedy: 'Let the program close it before the dump.' },
  load(context) {
    const maker = createInetMaker(context);
    return inetOpener(maker, (made) => {
      maker.bind(made);
      maker.furnish(made);
    });
  },
});
