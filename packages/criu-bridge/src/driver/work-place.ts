import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  readonly logName: string;
  /** The directory where the user wants log and statistics. */
  readonly wanted: number | undefined;
}

/** Opens the directories. Where images may only be read, log and statistics go to a temporary directory. */
export function openWorkPlace({ images, shown, logName, wanted }: WorkPlaceOptions): WorkPlace {
  const temporary = wanted === undefined && !isWritable(images) ? mkdtempSync(join(tmpdir(), 'criujs-criu-')) : null;
  const work = temporary ?? (wanted === undefined ? images : `/proc/self/fd/${wanted}`);
  removeOld(join(work, logName));
  const imagesFd = openSync(images, constants.O_RDONLY | constants.O_DIRECTORY);
  const workFd = openSync(work, constants.O_RDONLY | constants.O_DIRECTORY);
  const directory = `/proc/self/fd/${workFd}`;
  return {
    imagesFd,
    workFd,
    directory,
    log: join(directory, logName),
    logForPeople: join(work === images ? shown : readlinkSync(directory), logName),
    images: () => readlinkSync(`/proc/self/fd/${imagesFd}`),
    close() {
      closeSync(imagesFd);
      closeSync(workFd);
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

/** Or an old log would be read before CRIU empties it. */
function removeOld(log: string): void {
  if (lstatSync(log, { throwIfNoEntry: false })?.isFile()) unlinkSync(log);
}
