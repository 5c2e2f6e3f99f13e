import { type BigIntStats, fstatSync, lstatSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { closeFd, duplicate, openPath } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { isTemporary, openFlag, reopenFlags } from './flags.ts';
import { createFrom, createTemporary, linkTo, putInode } from './ghost-create.ts';
import type { GhostImage } from './ghost-image.ts';
import { checkPlace } from './named.ts';
import type { FileEntry } from './opening.ts';
import { regOf } from './reg-entry.ts';
import { errorCode } from './seen.ts';

/** A file that must be open without a name, and every entry that opens it. */
export interface NamelessFile {
  /** What it is made from: its image, or the name that the dump has given it. */
  readonly from: GhostImage | { readonly link: string };
  readonly entries: readonly FileEntry[];
}

/** What {@link makeNameless} opened. */
export interface OpenNameless {
  /** The engine's own descriptor of a file, by the id of its entry. */
  readonly descriptors: ReadonlyMap<number, number>;
  /** Warnings about files that could not get their name back. */
  readonly warnings: readonly string[];
}

/** What it takes to make one file after the other. */
interface Making {
  readonly descriptors: Map<number, number>;
  readonly warnings: string[];
  /** Takes directories away again, last made first. */
  readonly undo: (() => void)[];
  isOwnerSeen(entry: FileEntry): boolean;
}

/**
 * Makes files without a name and opens every entry of them. The kernel remembers the name by which a file was opened, so each
 * file gets its names for a moment while it is still empty. A directory keeps its name until all files in it are open.
 *
 * @param isOwnerSeen whether a process could notice that the file of an entry belongs to somebody else
 * @throws EngineError NOT_PERMITTED, IMAGE_INVALID, UNSUPPORTED; then nothing is left of them
 */
export function makeNameless(files: readonly NamelessFile[], isOwnerSeen: Making['isOwnerSeen']): OpenNameless {
  const making: Making = { descriptors: new Map(), warnings: [], undo: [], isOwnerSeen };
  const isDirectory = (file: NamelessFile): boolean => typeOfNameless(file) === fileType.directory;
  const directories = files.filter(isDirectory).sort((a, b) => depthOf(a) - depthOf(b));
  try {
    for (const file of [...directories, ...files.filter((it) => !isDirectory(it))]) make(file, making);
  } catch (error) {
    for (const fd of making.descriptors.values()) closeFd(fd);
    throw error;
  } finally {
    for (const undo of making.undo.reverse()) undo();
  }
  return making;
}

/** What has other names left is opened again like a regular file. */
function typeOfNameless({ from }: NamelessFile): number {
  return 'mode' in from ? typeOf(from.mode) : fileType.regular;
}

function depthOf({ entries }: NamelessFile): number {
  return Math.min(...entries.map((entry) => regOf(entry).name.split('/').length));
}

/** Makes one file under its first name, links it to the others, opens it by each name, and removes all names. */
function make(file: NamelessFile, making: Making): void {
  const { from, entries } = file;
  // One that was opened without a name can be linked later, other than one that has lost its name.
  const temporary = entries.find((entry) => isTemporary(regOf(entry).flags));
  const names = [...new Set([...(temporary ? [temporary] : []), ...entries].map((entry) => regOf(entry).name))];
  const type = typeOfNameless(file);
  const kept: number[] = [];
  const named: (() => void)[] = [];
  try {
    let first: number | undefined;
    for (const name of names) {
      const create = (path: string): number => {
        if (first !== undefined) return linkTo(first, path);
        return temporary === undefined ? createFrom(from, path) : createTemporary(path, regOf(temporary).flags);
      };
      const { fd, path } = atName(name, create, making);
      kept.push(fd);
      first ??= fd;
      const made = fstatSync(fd, { bigint: true });
      (type === fileType.directory ? making.undo : named).push(() => removeName(path, made, making));
      for (const entry of entries.filter((it) => regOf(it).name === name))
        making.descriptors.set(
          entry.id,
          entry === temporary || opensItself(entry, made) ? duplicate(fd) : openEntry(entry, fd, path),
        );
      if ('mode' in from && type === fileType.link) putInode(from, fd, path, isOwnerSeen(file, making));
    }
    for (const takeAway of named.splice(0)) takeAway();
    if ('mode' in from && type !== fileType.link && first !== undefined)
      putInode(from, first, `/proc/self/fd/${first}`, isOwnerSeen(file, making));
  } finally {
    for (const takeAway of named) takeAway();
    for (const fd of kept) closeFd(fd);
  }
}

function isOwnerSeen({ entries }: NamelessFile, making: Making): boolean {
  return entries.some(making.isOwnerSeen);
}

/** An end of a named pipe is opened by its kind, together with the others. */
function opensItself(entry: FileEntry, made: BigIntStats): boolean {
  return made.isFIFO() && (regOf(entry).flags & openFlag.O_PATH) === 0;
}

/** Opens it as the process had it. */
function openEntry(entry: FileEntry, fd: number, path: string): number {
  const flags = reopenFlags(regOf(entry).flags);
  if ((flags & openFlag.O_NOFOLLOW) === 0) return openPath(`/proc/self/fd/${fd}`, flags);
  const opened = openPath(path, flags);
  if (isSame(opened, fd)) return opened;
  closeFd(opened);
  throw new EngineError('FILE_CHANGED', `${path}: somebody put another file there during the restore`, {
    resource: path,
    remedy: 'Restore again.',
  });
}

function isSame(a: number, b: number): boolean {
  const [one, other] = [fstatSync(a, { bigint: true }), fstatSync(b, { bigint: true })];
  return one.ino === other.ino && one.dev === other.dev;
}

/** Makes something at a name, or near it if that fails. */
function atName(
  name: string,
  create: (path: string) => number,
  making: Making,
): { readonly fd: number; readonly path: string } {
  checkPlace(name);
  const beside = `${name}.criujs-${process.pid}`;
  const elsewhere = join(tmpdir(), basename(beside));
  const failures: unknown[] = [];
  for (const path of [name, beside, elsewhere]) {
    try {
      makeParents(path, making);
      const fd = create(path);
      if (path !== name)
        making.warnings.push(`${name}: ${whyNot(failures[0])}; the deleted file is shown as ${path} from now on`);
      return { fd, path };
    } catch (error) {
      failures.push(error);
      if (!movable.has(errorCode(error))) break;
    }
  }
  const [first] = failures;
  throw refusedCall(errorCode(first), `${name} cannot be created temporarily (${errorCode(first)})`, {}, first);
}

/** After these errors another place is tried. */
const movable: ReadonlySet<string> = new Set(['EEXIST', 'EACCES', 'EPERM', 'EROFS', 'EXDEV', 'ENOTDIR']);

function whyNot(error: unknown): string {
  return errorCode(error) === 'EEXIST' ? 'another file has this name now' : `it cannot be made (${errorCode(error)})`;
}

/** The directories of a deleted file may be gone, too. */
function makeParents(path: string, { undo }: Making): void {
  const top = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (top === undefined) return;
  const made: string[] = [];
  for (let at = dirname(path); at.length >= top.length; at = dirname(at)) made.unshift(at);
  undo.push(...made.map((directory) => () => removeDirectory(directory)));
}

function removeDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody else uses it by now.
  }
}

/** Removes a name, unless another file is there by now. */
function removeName(path: string, made: BigIntStats, { warnings }: Making): void {
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (now?.ino !== made.ino || now.dev !== made.dev) return;
  try {
    if (now.isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  } catch (error) {
    warnings.push(`${path}: the temporary name of a deleted file cannot be removed (${errorCode(error)})`);
  }
}
