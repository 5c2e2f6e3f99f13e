import { EngineError } from '@criujs/engine-kit';
import type { Recognition, SeenFile, Tree } from './held.ts';
import { inodeOfLink } from './sockets.ts';
import { findUnix } from './unix/seen.ts';

/** Lends a socket that is no unix socket to `judge`; null: it is none, or this user may not look at it. */
export function judgeSocket(
  file: SeenFile,
  tree: Tree,
  judge: (fd: number, inode: number) => Recognition,
): Recognition {
  const inode = inodeOfLink(file.link, 'socket');
  if (inode === null || findUnix(file, tree) !== undefined) return null;
  try {
    return tree.borrow(file, (fd) => judge(fd, inode));
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}
