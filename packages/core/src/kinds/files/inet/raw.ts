import { readable } from '@criujs/linux';
import type { FileKind } from '../kind.ts';
import { inetKind } from './kind.ts';
import { inetOpener } from './make.ts';
import { diagOf } from './seen.ts';

/** Raw sockets of any protocol. */
export const rawSocket: FileKind = inetKind({
  sort: 'raw',
  name: 'raw socket',
  describe: [{ subject: 'sockets', taken: ['raw sockets (IP and IPv6, with ICMP filters)'] }],
  judge(socket, fd, tree) {
    if (diagOf(socket, tree) === null)
      return {
        why: 'the kernel does not tell where it leads (no list of raw sockets)',
        remedy: 'Load the kernel module raw_diag (modprobe raw_diag).',
      };
    if (readable([fd]).length > 0)
      return {
        why: 'something has come to it that the program has not read yet',
        remedy: 'Dump it when the program has read what waits there.',
        passes: true,
      };
    return null;
  },
  load: (context) =>
    inetOpener(context, (made, maker) => {
      maker.bind(made);
      maker.connect(made);
      maker.furnish(made);
    }),
});
