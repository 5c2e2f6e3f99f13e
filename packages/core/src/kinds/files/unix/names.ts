import { fstatSync, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { closeFd, deviceNumber, socketFile, type UnixSocket } from '@criujs/linux';
import type { FilePayload } from '../dumping.ts';
import type { Holder } from '../held.ts';

/** What an entry says of the name of a socket, and what it has no place for. */
export interface FoundName {
  readonly entry: Pick<NonNullable<FilePayload['usk']>, 'name' | 'nameDir' | 'deleted' | 'filePerms'>;
  /** Where its file is by now, if that has another name. */
  readonly movedTo: string | null;
}

/**
 * The name of a unix socket, unix(7). The file of a path may have another name by now, or none, and its name may be another file's.
 * @param holder a process that has it, and the engine's own descriptor of it
 */
export function findName({ pid, fd }: Holder, socket: UnixSocket): FoundName {
  const { address, name, file } = socket;
  if (name === null || file === null) return { entry: { name: address }, movedTo: null };
  const { path, stat } = fileOf(fd, socket);
  const directory = name.startsWith('/') ? null : (directoryIn(path, name) ?? readlinkSync(`/proc/${pid}/cwd`));
  const named = statOf(directory === null ? name : join(directory, name), socket);
  const known = named ?? stat;
  return {
    entry: {
      name: Buffer.concat([address, Buffer.from([0])]),
      ...(directory !== null && { nameDir: directory }),
      ...(named === null && { deleted: true }),
      ...(known !== null && { filePerms: { mode: known.mode, uid: known.uid, gid: known.gid } }),
    },
    movedTo: named === null ? path : null,
  };
}

/** The file of a socket and the path that leads to it; null: it has none any more, or this user may not ask. */
function fileOf(fd: number, socket: UnixSocket): { readonly path: string | null; readonly stat: Stats | null } {
  const own = socketFile(fd);
  if (own === null) return { path: null, stat: null };
  try {
    const path = readlinkSync(`/proc/self/fd/${own}`);
    return { path: statOf(path, socket) === null ? null : path, stat: fstatSync(own) };
  } finally {
    closeFd(own);
  }
}

/** The directory to which a relative name was added. */
function directoryIn(path: string | null, name: string): string | null {
  const end = join('/', name);
  return path?.endsWith(end) ? path.slice(0, -end.length) || '/' : null;
}

/** null: the file of this socket is not there. */
function statOf(path: string, { file }: UnixSocket): Stats | null {
  try {
    const stat = lstatSync(path);
    const { major, minor } = deviceNumber(BigInt(stat.dev));
    return stat.ino % 2 ** 32 === file?.inode && major === file.major && minor === file.minor ? stat : null;
  } catch {
    return null;
  }
}
