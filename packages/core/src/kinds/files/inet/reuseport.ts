import type { Session } from '../../../run/session.ts';
import type { Tree } from '../held.ts';
import type { InetSocket } from './seen.ts';
import { inetWords } from './words.ts';

/** How many sockets of a tree share each port. */
const groups = new WeakMap<Tree, Map<string, number>>();

/**
 * Says once of each port which several sockets share (SO_REUSEPORT) what may be lost: a program that chooses among them, of which the
 * kernel tells nobody.
 */
export function warnOfChoosers(
  socket: InetSocket,
  { session, tree }: { session: Pick<Session, 'warn'>; tree: Tree },
): void {
  const { protocol, here } = socket;
  if (here.port === 0) return;
  const own = groups.get(tree) ?? new Map<string, number>();
  groups.set(tree, own);
  const key = `${protocol}:${here.port}`;
  const count = (own.get(key) ?? 0) + 1;
  own.set(key, count);
  if (count === 2)
    session.warn(
      `${inetWords(socket)} shares its port with others (SO_REUSEPORT): if a program of BPF chooses among them (SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF), a restore lets the kernel choose; the kernel does not tell whether there is one`,
    );
}
