import { EngineError } from '@criujs/engine-kit';
import type { FanotifyInodeMarkEntry } from '@criujs/images';
import { arena, closeFd, openForeignPath } from '@criujs/linux';
import { invalid, unsupported } from '../rules.ts';
import { openFlag } from './flags.ts';
import { type GhostImage, readGhost } from './ghost-image.ts';
import type { FileEntry, LoadContext } from './opening.ts';
import { errorCode } from './seen.ts';

/** The inode that an image says is watched. */
export interface TargetEntry extends Pick<FanotifyInodeMarkEntry, 'iIno' | 'fHandle'> {
  readonly sDev: number;
}

/** Something that is watched, open in the engine. */
export interface Target {
  /** A path that leads to it and to nothing else, for calls that want one. */
  use<T>(call: (path: number) => T): T;
}

/** CRIU's type of a file that is made from its image. */
const ghostType = 1;

/** Opens what is watched so that no watch hears of it. @throws EngineError FILE_MISSING, NOT_PERMITTED, UNSUPPORTED, IMAGE_INVALID */
export function openTarget(entry: TargetEntry, context: LoadContext): Target {
  const path = entry.fHandle?.path;
  return path ? openAtPath(path, context) : ofGhost(entry, context);
}

/** @param path from the root */
export function openAtPath(path: string, { keep }: Pick<LoadContext, 'keep'>): Target {
  if (!path.startsWith('/') || path.includes('\0'))
    throw invalid('files.img', 'a watch of a path that does not begin at the root');
  try {
    const fd = openForeignPath(path, openFlag.O_PATH | openFlag.O_NOFOLLOW);
    keep(fd);
    return at(`/proc/self/fd/${fd}`);
  } catch (error) {
    throw new EngineError(
      'FILE_MISSING',
      `${path}: the program watched it, and it cannot be opened (${errorCode(error)})`,
      {
        resource: path,
        remedy: `Put ${path} back as it was.`,
        cause: error,
      },
    );
  }
}

function at(path: string): Target {
  return { use: (call) => arena.scope(() => call(arena.cstring(path).address)) };
}

/** One that has lost its name is the inode that its open file is made from. */
function ofGhost({ iIno, sDev }: TargetEntry, context: LoadContext): Target {
  for (const entry of context.all()) {
    const ghost = ghostOf(entry, context);
    if (ghost?.ino === iIno && ghost.dev === sDev) return at(context.handle(entry));
  }
  throw unsupported(`a watch of inode ${iIno}, to which the images have no path`, 'Restore these images with CRIU.');
}

function ghostOf({ remap }: FileEntry, { images }: LoadContext): GhostImage | null {
  return remap?.remapType === ghostType ? readGhost(images, remap.remapId) : null;
}

/** Tries something on a file that is thrown away. */
export function onTrial<T>(make: () => number, use: (fd: number) => T): T {
  const fd = make();
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}
