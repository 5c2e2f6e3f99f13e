import { arena, syscall } from '@criujs/linux';
import { unsentBytes } from '../../../facts/inet.ts';
import type { FileKind } from '../kind.ts';
import { conditions } from '../pipe-content.ts';
import { inetKind } from './kind.ts';
import { inetOpener } from './make.ts';
import { diagOf } from './seen.ts';

/** POLLIN and POLLRDHUP of poll(2). */
const pollIn = 1;
const pollShut = 0x2000;

/** UDP and UDP-Lite sockets. */
export const udp: FileKind = inetKind({
  sort: 'udp',
  name: 'UDP socket',
  describe: [
    { subject: 'sockets', taken: ['UDP and UDP-Lite sockets'], refused: ['UDP sockets with something that waits'] },
  ],
  judge(_, fd) {
    if (hasUnsent(fd))
      return {
        why: 'something that it sends has not left yet (UDP_CORK, MSG_MORE)',
        remedy: 'Dump it when it is sent.',
        passes: true,
      };
    const now = conditions(fd, pollIn | pollShut);
    if ((now & pollIn) !== 0 && (now & pollShut) === 0)
      return {
        why: 'something was sent to it that the program has not read yet',
        remedy: 'Dump it when the program has read what waits there.',
        passes: true,
      };
    return null;
  },
  entry(socket, { fd }, { tree }) {
    const told = diagOf(socket, tree)?.get(socket.inode);
    const shut = told?.shut ?? ((conditions(fd, pollShut) & pollShut) !== 0 ? 1 : 0);
    return shut === 0 ? {} : { shutdown: shut };
  },
  load: (context) =>
    inetOpener(context, (made, maker) => {
      maker.bind(made);
      maker.connect(made);
      maker.furnish(made);
      const how = [null, 0, 1, 2][made.own.shutdown ?? 0] ?? null;
      if (how !== null) syscall('shutdown', made.fd, how);
    }),
});

function hasUnsent(fd: number): boolean {
  return arena.scope(() => {
    const count = arena.alloc(4);
    syscall('ioctl', fd, unsentBytes, count.address);
    return count.view.getInt32(0, true) > 0;
  });
}
