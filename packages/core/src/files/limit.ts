import type { Refusal } from '@criujs/engine-kit';
import { type Limit, readLimits } from '@criujs/linux';
import { limitNames } from '../facts/tasks.ts';

/** Descriptors that a restore has beside the files of the program: Node's own, images, the program, directories. Measured: 45. */
const spare = 64;

/** The limit of open files of this process. getrlimit(2), RLIMIT_NOFILE. */
export function openFilesLimit(): Limit | undefined {
  return readLimits(process.pid)[limitNames.indexOf('open files')];
}

/**
 * Refuses more open files than a restore under this user's limit could have open at once.
 * @param files how many open files the images hold
 * @param process the process that the refusal is about
 */
export function refuseTooMany(files: number, { pid, command }: Required<Pick<Refusal, 'pid' | 'command'>>): Refusal[] {
  const most = openFilesLimit()?.hard;
  if (most === undefined || BigInt(files + spare) <= most) return [];
  return [
    {
      pid,
      command,
      resource: `${files} open files`,
      why: `a restore has to open ${files + spare} at once, and the limit of open files is ${most}`,
      remedy: `Raise the hard limit of open files (ulimit -Hn ${files + spare}) before the dump and the restore.`,
    },
  ];
}
