import { trySyscall } from '@criujs/linux';
import type { FileKind } from '../kind.ts';
import { conditions } from '../pipe-content.ts';
import { inetKind } from './kind.ts';
import { createInetMaker, inetOpener } from './make.ts';

/** POLLRDHUP of poll(2): the receiving half is shut. */
const pollShut = 0x2000;
/** `sk_shutdown` of CRIU's images, and SHUT_RD of shutdown(2). Of the other half nobody tells: without a connection nothing can be sent anyway. */
const receives = { image: 1, shut: 0 } as const;

/** TCP sockets that are new, or have an address only. */
export const tcpUnconnected: FileKind = inetKind({
  sort: 'tcp-unconnected',
  name: 'TCP socket without a connection',
  describe: [{ subject: 'sockets', taken: ['TCP sockets that are not connected'] }],
  entry: (_, { fd }) => ((conditions(fd, pollShut) & pollShut) === 0 ? {} : { shutdown: receives.image }),
  load(context) {
    const maker = createInetMaker(context);
    return inetOpener(maker, (made) => {
      maker.bind(made);
      maker.furnish(made);
      // It answers that there is no connection, and shuts it all the same. shutdown(2)
      if (((made.own.shutdown ?? 0) & receives.image) !== 0) trySyscall('shutdown', made.fd, receives.shut);
    });
  },
});
