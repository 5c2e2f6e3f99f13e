import { EngineError } from '@criujs/engine-kit';
import type { UnixSocket } from '@criujs/linux';
import type { SeenFile, Tree } from '../held.ts';
import { inodeOfLink } from '../sockets.ts';

/** The unix socket that a file is; undefined: it is none. */
export function findUnix({ link }: Pick<SeenFile, 'link'>, tree: Tree): UnixSocket | undefined {
  const inode = inodeOfLink(link, 'socket');
  return inode === null ? undefined : tree.unixSocket(inode);
}

/** The same for a file that was recognised as one. */
export function unixSocketAt(file: Pick<SeenFile, 'link'>, tree: Tree): UnixSocket {
  const found = findUnix(file, tree);
  if (found === undefined) throw new EngineError('INTERNAL', `${file.link} was there and is not`);
  return found;
}
