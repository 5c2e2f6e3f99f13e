import { EngineError } from '@criujs/engine-kit';
import { syscall } from '@criujs/linux';
import { tcpInfo } from '../../../facts/inet.ts';
import type { FileKind } from '../kind.ts';
import { readOptionBytes } from '../sockets.ts';
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
  save(files, { tree }) {
    if (!tree.options.tcpEstablished || tree.options.skipInFlight) return;
    for (const { holder, file } of files)
      if (holder !== null && tree.borrow(holder, hasWaiting)) throw cameLate(file.link);
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

function hasWaiting(fd: number): boolean {
  const info = readOptionBytes(fd, tcpInfo.option, tcpInfo.length, tcpInfo.level);
  return (info?.readUInt32LE(tcpInfo.waiting) ?? 0) > 0;
}

/** A connection that had begun before nobody new was let in. */
function cameLate(resource: string): EngineError {
  return new EngineError(
    'UNSUPPORTED',
    `somebody was connected while the tree was dumped (${resource}), and is in no image`,
    {
      resource,
      remedy:
        'Dump again, or leave such connections out: --skip-in-flight (option `skipInFlight`). The target runs on.',
    },
  );
}
