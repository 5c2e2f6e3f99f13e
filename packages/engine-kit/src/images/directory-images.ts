import { type CommitMark, createCommitMark } from './commit-mark.ts';
import { closePlace, type DirectoryPlace, openForDump, openForRestore } from './directory-place.ts';
import { makeAlike } from './folder-owner.ts';
import { readImageOf } from './image-file.ts';
import { noImages, type Purpose, type RunImages } from './run-images.ts';
import { dissolve } from './staging.ts';
import { type PreparedSwap, prepareSwap, swap } from './swap.ts';

/** The images of a run in a directory. */
export interface DirectoryRun extends RunImages {
  readonly place: DirectoryPlace;
}

/** Images in a directory, which is claimed until `close`. @throws EngineError */
export function openDirectory(path: string, { stage, force, trustImages }: Purpose): DirectoryRun {
  const mark = createCommitMark();
  const place = stage === 'dump' ? openForDump(path, force) : openForRestore(path, trustImages);
  const current = (): string => currentDirectory(place, mark);
  return {
    ...noImages(),
    mark,
    place,
    async sections() {
      const { directorySections } = await import('@criujs/plugin-host');
      // Each time anew: what plugins write after the commit belongs to the dump as well.
      const sections = (): ReturnType<typeof directorySections> => directorySections(current());
      return {
        write: (plugin, name, data) => sections().write(plugin, name, data),
        read: (plugin, name) => sections().read(plugin, name),
        stream: (plugin, name) => sections().stream(plugin, name),
        names: (plugin) => sections().names(plugin),
        directories: (plugin, make) => sections().directories(plugin, make),
      };
    },
    read: async (name) => readImageOf(current(), name, place.owner),
    follow: () => follow(place, mark),
    async close() {
      follow(place, mark);
      closePlace(place, mark.committed());
    },
  };
}

/** Where the images are now: until the commit of a dump in the staging folder. */
export function currentDirectory(place: DirectoryPlace, mark: CommitMark): string {
  return place.stage === 'restore' || mark.committed() ? place.directory : place.staging;
}

/** Swaps a dump in, and gives the call that did it. @throws EngineError IMAGES_UNWRITABLE, IMAGES_FULL */
export function commitDirectory(place: DirectoryPlace, mark: CommitMark): PreparedSwap {
  const made = prepareSwap(place);
  swap(made);
  mark.markCommitted(true);
  return made;
}

/** Swaps the old images in again: the dump has failed after all. @throws EngineError */
export function takeBackDirectory(made: PreparedSwap, mark: CommitMark): void {
  swap({ from: made.to, to: made.from, flags: made.flags });
  // The empty directory that was there went with the first swap.
  if (made.overEmpty) makeAlike(made.to, made.from);
  mark.markCommitted(false);
}

/**
 * After a commit: takes the old images away and puts files of the user back. What fails is a warning, and left to the next run:
 * the dump is whole.
 */
export function settleDirectory(place: DirectoryPlace, warn: (message: string) => void): void {
  if (place.isCurrent) warn(`${place.directory} was replaced: run \`cd .\` in a shell whose working directory it is`);
  try {
    for (const path of dissolve(place)) warn(`the dump has a file of the same name: yours is ${path} now`);
  } catch (error) {
    const why = (error as Error).message;
    warn(`what ${place.directory} held before is left in ${place.staging}: ${why}. The next dump tries again.`);
  }
}

/** This process itself must not stand in a directory that is gone. */
function follow({ isCurrent, directory }: DirectoryPlace, mark: CommitMark): void {
  if (isCurrent && mark.committed()) process.chdir(directory);
}
