import { type Door, dropNew } from '@criujs/linux';
import { tcpStates } from '../facts/tcp.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { type DropMethod, dropBy } from './drop-by.ts';
import { dropByRules, dropInTable } from './hold-connections.ts';
import { doorRules } from './iptables/rules.ts';
import { newLockId } from './names.ts';
import { families, tcpSockets } from './sockets.ts';

/**
 * Drops what would begin connections to those of these sockets that listen, until the tree is frozen and dumped: those that wait there can be
 * accepted meanwhile, and nobody new is told that he is connected. Whoever wants to connect tries again by himself.
 * `what` is it in words, for warnings, and `method` the user's choice.
 * @throws EngineError NOT_PERMITTED, UNSUPPORTED
 */
export function holdNewConnections(
  own: ReadonlySet<number>,
  { what, method }: { readonly what: string; readonly method: DropMethod | undefined },
  hold: Hold,
): void {
  const doors = doorsOf(own);
  if (doors.length === 0) return;
  const how = { what, atCommit: 'undone' } as const;
  dropBy(method, {
    nftables: () => dropInTable(`CRIU-new-${newLockId()}`, (table) => dropNew(table, doors), how, hold),
    iptables: () => dropByRules(doorRules(doors), how, hold),
  });
}

/** Where somebody who has these sockets listens, each once. */
function doorsOf(own: ReadonlySet<number>): Door[] {
  const doors = new Map<string, Door>();
  for (const family of families)
    for (const { inode, state, source, sourcePort: port } of tcpSockets(family)) {
      if (state !== tcpStates.LISTEN || !own.has(inode)) continue;
      const isAny = source.every((byte) => byte === 0);
      // One at :: has connections of both families, unless it has said that it wants none of IPv4.
      const door: Door = {
        port,
        address: isAny ? null : source,
        family: family === 2 ? 'ipv4' : isAny ? null : 'ipv6',
      };
      doors.set(`${door.family} ${source.join('.')} ${port}`, door);
    }
  return [...doors.values()];
}
