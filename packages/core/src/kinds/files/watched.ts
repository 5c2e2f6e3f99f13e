import type { BigIntStats } from 'node:fs';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import type { FhEntrySchema, MessageInitShape } from '@criujs/images';
import { arena, closeFd, errnoName, openPath, readLink, readMountinfo, trySyscall, unlessGone } from '@criujs/linux';
import { processPaths } from '../../tasks/paths.ts';
import { openFlag } from './flags.ts';
import { kernelDevice } from './ghost-image.ts';
import type { Problem, SeenFile, Tree } from './held.ts';
import { deletedMark, lookAt } from './reachable.ts';

/** Words of 64 bits that CRIU keeps of a file handle at least. images/fh.proto of CRIU */
const handleWords = 16;
/** `struct file_handle` before its bytes. name_to_handle_at(2) */
const handleHead = 8;

/** An inode that is watched, as fdinfo shows it. */
export interface Watched {
  readonly dev: number;
  readonly ino: bigint;
  /** null: its file system gives none. */
  readonly handle: { readonly type: number; readonly bytes: Buffer } | null;
}

/** A `fh_entry` before it is encoded. */
type HandleInit = MessageInitShape<typeof FhEntrySchema>;

/** Where it is found again: under a path, or among the files that have lost their name. */
export type Place = { readonly path: string } | 'deleted';

/** An inode of a line of fdinfo. */
export function watchedBy(line: ReadonlyMap<string, string>): Watched {
  const number = (key: string): number => Number.parseInt(line.get(key) ?? '0', 16);
  const bytes = line.get('f_handle');
  return {
    dev: number('sdev'),
    ino: BigInt(`0x${line.get('ino') ?? '0'}`),
    handle: bytes === undefined ? null : { type: number('fhandle-type'), bytes: Buffer.from(bytes, 'hex') },
  };
}

/** The file handle of an image. */
export function handleEntry({ handle }: Watched, place: Place): HandleInit {
  const bytes = Buffer.alloc(Math.max(handleWords * 8, (handle?.bytes.length ?? 0) + 7) & ~7);
  handle?.bytes.copy(bytes);
  const words = Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readBigUInt64LE(at * 8));
  const path = place === 'deleted' ? {} : { path: place.path };
  return { bytes: handle?.bytes.length ?? 0, type: handle?.type ?? 0, handle: words, ...path };
}

/** Finds what is watched. `what` is the watch in words, for the refusal. */
export function findWatched(watched: Watched, tree: Tree, what: string): Place | Problem {
  const known = pathsOf(tree, watched).find((path) => isAt(path, watched));
  if (known !== undefined) return { path: known };
  const codes: string[] = [];
  for (const { path, code } of openByHandle(watched, tree)) {
    if (path !== undefined && isAt(path, watched)) return { path };
    if (code !== undefined) codes.push(code);
  }
  if (tree.all.some(({ stat }) => isInode(stat, watched))) return 'deleted';
  const [code] = codes;
  return {
    file: what,
    why:
      code === undefined
        ? 'it watches a file that has been deleted, or that no path leads to'
        : `it watches inode ${watched.ino}, and the kernel does not say where that is (${code})`,
    remedy:
      code === 'EPERM'
        ? 'Dump it as root, or let the program close it.'
        : 'Let the program remove the watch before the dump.',
  };
}

function isInode(stat: Pick<BigIntStats, 'dev' | 'ino'>, { dev, ino }: Watched): boolean {
  return stat.ino === ino && kernelDevice(stat.dev) === dev;
}

function isAt(path: string, watched: Watched): boolean {
  const now = lookAt(path, 'itself');
  return now !== null && isInode(now, watched);
}

/** Paths that are known without a question to the file system: those of descriptors and processes, and mount points. */
function pathsOf({ all, pids }: Tree, { dev }: Watched): string[] {
  const ofProcesses = pids.flatMap((pid) =>
    processPaths.flatMap((name) => unlessGone(() => [readLink(pid, name)], [])),
  );
  return [...all.map(({ link }) => link), ...ofProcesses, ...mountsOf(dev)].filter((path) => path.startsWith('/'));
}

/** Where the file system with this device is mounted for us. */
function mountsOf(dev: number): string[] {
  return readMountinfo(process.pid)
    .filter(({ major, minor }) => kernelDevice(BigInt((major << 8) | minor)) === dev)
    .map(({ mountPoint }) => mountPoint);
}

/** What leads into the file system: descriptors of the tree first, since to open a directory is an event for who watches it. */
function* openByHandle(watched: Watched, tree: Tree): Generator<{ readonly path?: string; readonly code?: string }> {
  const { handle, dev } = watched;
  if (handle === null) {
    yield { code: 'no file handle' };
    return;
  }
  const inside = tree.all.find((file) => kernelDevice(file.stat.dev) === dev && isAnchor(file));
  if (inside !== undefined) yield tree.borrow(inside, (fd) => pathBy(fd, handle));
  for (const mount of mountsOf(dev)) {
    const fd = openDirectory(mount);
    if (fd === null) continue;
    try {
      yield pathBy(fd, handle);
    } finally {
      closeFd(fd);
    }
  }
}

/** open_by_handle_at(2) takes an open file or directory of the file system. */
function isAnchor({ stat, flags }: SeenFile): boolean {
  const type = typeOf(stat.mode);
  return (flags & openFlag.O_PATH) === 0 && (type === fileType.regular || type === fileType.directory);
}

function openDirectory(path: string): number | null {
  try {
    return openPath(path, openFlag.O_DIRECTORY | openFlag.O_CLOEXEC);
  } catch {
    return null;
  }
}

/** The path of the file with this handle, as the kernel has it. */
function pathBy(
  anchor: number,
  { type, bytes }: NonNullable<Watched['handle']>,
): { readonly path?: string; readonly code?: string } {
  const fd = arena.scope(() => {
    const handle = arena.alloc(handleHead + bytes.length);
    handle.view.setUint32(0, bytes.length, true);
    handle.view.setInt32(4, type, true);
    handle.bytes.set(bytes, handleHead);
    return trySyscall('open_by_handle_at', anchor, handle.address, openFlag.O_PATH | openFlag.O_CLOEXEC);
  });
  if (fd < 0) return { code: errnoName(-fd) };
  try {
    const path = readLink(process.pid, `fd/${fd}`);
    return path.endsWith(deletedMark) ? {} : { path };
  } finally {
    closeFd(fd);
  }
}
