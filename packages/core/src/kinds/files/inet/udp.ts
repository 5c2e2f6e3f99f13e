import { pause } from '@criujs/engine-kit/targets';
import { arena, syscall } from '@criujs/linux';
import { unsentBytes } from '../../../facts/inet.ts';
import type { FileKind } from '../kind.ts';
import { conditions } from '../pipe-content.ts';
import { inetKind } from './kind.ts';
import { createInetMaker } from './make.ts';
import { createMemberships, saveMemberships } from './memberships.ts';
import { inetOpener } from './opener.ts';
import { inetNamed, listOf } from './seen.ts';
import { createUdpFiller } from './udp-fill.ts';
import { waitingDatagrams } from './udp-queue.ts';
import { inetWords } from './words.ts';

/** How often it is looked at, once a millisecond. */
const looks = 50;

/** POLLRDHUP of poll(2). */
const pollShut = 0x2000;

/** How shutdown(2) shuts halves, by what images say of them. */
const shutHow: readonly (number | null)[] = [null, 0, 1, 2];

/** UDP and UDP-Lite sockets. */
export const udp: FileKind = inetKind({
  sort: 'udp',
  name: 'UDP socket',
  describe: [
    {
      subject: 'sockets',
      taken: ['UDP and UDP-Lite sockets, with what waits in them, their options and multicast groups'],
      refused: ['UDP sockets with something that was not sent yet (`UDP_CORK`)'],
    },
  ],
  judge: (_, fd) =>
    staysUnsent(fd)
      ? {
          why: 'something that it sends has not left yet (UDP_CORK, MSG_MORE)',
          remedy: 'Dump it when it is sent.',
          passes: true,
        }
      : null,
  entry(socket, { fd }, { tree, session }) {
    const list = listOf(socket, tree);
    if (list === null)
      session.warn(
        `${inetWords(socket)}: whether it was shut for sending nobody tells without the kernel module udp_diag`,
      );
    const told = list?.get(socket.inode);
    const shut = told?.shut ?? ((conditions(fd, pollShut) & pollShut) !== 0 ? 1 : 0);
    return shut === 0 ? {} : { shutdown: shut };
  },
  save(files, context) {
    const { tree, records } = context;
    for (const { entry, holder } of files) {
      if (holder === null) continue;
      saveMemberships(entry, holder, context);
      const datagrams = tree.borrow(holder, (fd) => waitingDatagrams(fd, wordsOf(fd), context));
      if (datagrams.length > 0) records.inetQueues.push({ id: entry.id, datagrams });
    }
  },
  load(context) {
    const maker = createInetMaker(context);
    const groups = createMemberships(context);
    const filler = createUdpFiller(context, ({ own }) => maker.ports.isShared(own));
    return inetOpener(
      maker,
      (made) => {
        maker.bind(made);
        filler.early(made);
        maker.connect(made);
        groups.join(made);
        maker.furnish(made);
      },
      (made) => {
        filler.late(made);
        const how = shutHow[made.own.shutdown ?? 0] ?? null;
        if (how !== null) syscall('shutdown', made.fd, how);
      },
    );
  },
});

function wordsOf(fd: number): string {
  const named = inetNamed(fd);
  return named === null ? 'UDP socket' : inetWords(named);
}

/** What is on its way to a device leaves within moments, also when the program stands still; what is not sent yet stays. */
function staysUnsent(fd: number): boolean {
  for (let look = 0; look < looks; look++) {
    if (!hasUnsent(fd)) return false;
    pause(1);
  }
  return true;
}

function hasUnsent(fd: number): boolean {
  return arena.scope(() => {
    const count = arena.alloc(4);
    syscall('ioctl', fd, unsentBytes, count.address);
    return count.view.getInt32(0, true) > 0;
  });
}
