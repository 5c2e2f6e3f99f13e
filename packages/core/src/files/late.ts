import { closeFd, syscall } from '@criujs/linux';
import { openFlag } from '../kinds/files/flags.ts';
import type { FileEntry, LatePlace, Opener } from '../kinds/files/opening.ts';

/** A file that can only be opened when every process exists. */
interface LateFile {
  /** The engine's descriptor that keeps its place. */
  readonly fd: number;
  open(place: LatePlace): number;
}

/** Those of the open files that can only be opened when every process exists. */
export interface LateFiles {
  are(): boolean;
  /** Whether a file of the images is one of them. */
  has(id: number): boolean;
  /** The engine's descriptors of those among some files, by their ids. */
  among(ids: Iterable<number>): number[];
  /**
   * Opens them where all tasks have their descriptors from.
   * @param at the number there of a descriptor of the engine's
   * @throws EngineError, LinuxError
   */
  open(place: LatePlace, at: (fd: number) => number): void;
}

/**
 * They are found when they are first asked for, once all files are open.
 * @param opened the engine's descriptors, by the ids of files
 * @param fileOf a file of the images, and who opens it
 */
export function createLateFiles(
  opened: ReadonlyMap<number, number>,
  fileOf: (id: number) => readonly [FileEntry, Opener],
): LateFiles {
  let found: ReadonlyMap<number, LateFile> | undefined;
  const all = (): ReadonlyMap<number, LateFile> => {
    found ??= new Map(
      [...opened].flatMap(([id, fd]): [number, LateFile][] => {
        const [file, { isLate, openLate: open }] = fileOf(id);
        return open && isLate?.(file) ? [[id, { fd, open: (place) => open(file, place) }]] : [];
      }),
    );
    return found;
  };
  return {
    are: () => all().size > 0,
    has: (id) => all().has(id),
    among: (ids) => (all().size === 0 ? [] : [...new Set(ids)].flatMap((id) => all().get(id)?.fd ?? [])),
    open: (place, at) => openLate(all().values(), place, at),
  };
}

/** Opens files in the place of what has kept it so far, there and in the engine. @throws EngineError, LinuxError */
function openLate(files: Iterable<LateFile>, place: LatePlace, at: (fd: number) => number): void {
  for (const { fd, open } of files) {
    const there = open(place);
    const here = place.fetch(there);
    syscall('dup3', here, fd, openFlag.O_CLOEXEC);
    closeFd(here);
    place.call('dup3', [there, at(fd), 0]);
    place.call('close', [there]);
  }
}
