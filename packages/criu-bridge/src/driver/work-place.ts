import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { othersMayWrite } from '@criujs/linux';

/** Where CRIU works: its images, its log and its statistics. */
export interface WorkPlace {
  /** Descriptors of the directories, which CRIU opens through us. */
  readonly imagesFd: number;
  readonly workFd: number;
  /** Path of the directory with log and statistics: by its descriptor, since a commit renames it. */
  readonly directory: string;
  readonly log: string;
  /** Where people find the log once the run is over. */
  readonly logForPeople: string;
  /** Path of the images now. */
  images(): string;
  close(): void;
}

interface WorkPlaceOptions {
  readonly images: string;
  /** The image directory by its own name. */
  readonly shown: string;
  readonly stage: 'dump' | 'restore';
  readonly logName: string;
  /** The directory where the user wants log and statistics. */
  readonly wanted: number | undefined;
}

/**
 * Opens the directories. CRIU follows links: where somebody else may put one, now or once the images are committed, log and statistics
 * go to a directory of our own, and come to their place afterwards. Where images may only be read, they stay there.
 */
export function openWorkPlace(options: WorkPlaceOptions): WorkPlace {
  const { images, shown, logName, wanted, stage } = options;
  const home = wanted === undefined ? images : `/proc/self/fd/${wanted}`;
  const readOnly = wanted === undefined && !isWritable(images);
  const isShared = !readOnly && (wanted === undefined ? [images, shown] : [home]).some(mayOthersPlant);
  const temporary = readOnly || isShared ? mkdtempSync(join(tmpdir(), 'criujs-criu-')) : null;
  const imagesFd = openSync(images, constants.O_RDONLY | constants.O_DIRECTORY);
  const homeFd = openSync(home, constants.O_RDONLY | constants.O_DIRECTORY);
  const workFd = temporary === null ? homeFd : openSync(temporary, constants.O_RDONLY | constants.O_DIRECTORY);
  const directory = `/proc/self/fd/${workFd}`;
  for (const name of [logName, `stats-${stage}`]) removeOld(join(directory, name));
  const stays = readOnly ? (temporary ?? '') : wanted === undefined ? shown : readlinkSync(home);
  return {
    imagesFd,
    workFd,
    directory,
    log: join(directory, logName),
    logForPeople: join(stays, logName),
    images: () => readlinkSync(`/proc/self/fd/${imagesFd}`),
    close() {
      if (temporary !== null && isShared) bringHome(temporary, `/proc/self/fd/${homeFd}`);
      for (const fd of new Set([imagesFd, homeFd, workFd])) closeSync(fd);
      if (temporary !== null) rmSync(temporary, { recursive: true });
    },
  };
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether users other than us and root may put files into a directory. One that is not there yet will be ours. */
function mayOthersPlant(directory: string): boolean {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  return othersMayWrite(stat) || (stat.uid !== 0 && stat.uid !== process.geteuid?.());
}

/** Or an old log would be read before CRIU empties it, and a link followed. */
function removeOld(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(path);
}

/** Neither call follows a link that lies there. What cannot come home must not fail a run that is over. */
function bringHome(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    try {
      removeOld(join(to, name));
      copyFileSync(join(from, name), join(to, name), constants.COPYFILE_EXCL);
    } catch {
      // The image directory is full, or gone.
    }
  }
}
