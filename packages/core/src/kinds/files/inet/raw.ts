import { readable } from '@criujs/linux';
import type { FileKind } from '../kind.ts';
import { inetKind } from './kind.ts';
import { createInetMaker } from './make.ts';
import { createMemberships, saveMemberships } from './memberships.ts';
import { inetOpener } from './opener.ts';
import { listOf } from './seen.ts';

/** Raw sockets of any protocol. */
export const rawSocket: FileKind = inetKind({
  sort: 'raw',
  name: 'raw socket',
  describe: [{ subject: 'sockets', taken: ['raw sockets (IP and IPv6, with ICMP filters)'] }],
  judge(socket, fd, tree) {
    if (listOf(socket, tree) === null)
      return {
        why: 'the kernel does not tell where it leads: /proc/net/raw cannot be read',
        remedy: 'Let the program close it before the dump.',
      };
    if (readable([fd]).length > 0)
      return {
        why: 'something has come to it that the program has not read yet',
        remedy: 'Dump it when the program has read what waits there.',
        passes: true,
      };
    return null;
  },
  save(files, context) {
    for (const { entry, holder } of files) if (holder !== null) saveMemberships(entry, holder, context);
  },
  load(context) {
    const maker = createInetMaker(context);
    const groups = createMemberships(context);
    return inetOpener(maker, (made) => {
      maker.bind(made);
      maker.connect(made);
      groups.join(made);
      maker.furnish(made);
    });
  },
});
