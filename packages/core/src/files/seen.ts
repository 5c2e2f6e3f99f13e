import { type BigIntStats, statSync } from 'node:fs';
import { type Fdinfo, readFdinfo, readFds, readLink } from '@criujs/linux';
import { descriptionFlags, openFlag } from './flags.ts';
import type { SeenFile, SeenProcess } from './kind.ts';

/** Errors of something that ended or was closed between two looks. */
const vanished: readonly string[] = ['ENOENT', 'ESRCH', 'EBADF'];

/** Whether an error says that the process or its descriptor is gone. */
export function isVanished(error: unknown): boolean {
  return vanished.includes(errorCode(error));
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** All descriptors of a process that stands still. */
export function seeFiles(process: SeenProcess): SeenFile[] {
  return readFds(process.pid).map((fd) => seeFile(process, fd));
}

/** All descriptors of a process that runs: what is closed meanwhile is left out. */
export function glanceAtFiles(process: SeenProcess): SeenFile[] {
  return readFds(process.pid).flatMap((fd) => {
    try {
      return [seeFile(process, fd)];
    } catch (error) {
      if (isVanished(error)) return [];
      throw error;
    }
  });
}

function seeFile(process: SeenProcess, fd: number): SeenFile {
  const link = readLink(process.pid, `fd/${fd}`);
  const info = readFdinfo(process.pid, fd);
  const stat = statSync(`/proc/${process.pid}/fd/${fd}`, { bigint: true });
  return seenFile({ ...process, fd, link, stat, info });
}

/** Puts what /proc says of a descriptor together. */
function seenFile(from: {
  readonly pid: number;
  readonly command: string;
  readonly fd: number;
  readonly link: string;
  readonly stat: BigIntStats;
  readonly info: Fdinfo;
}): SeenFile {
  const { pid, command, fd, link, stat, info } = from;
  return {
    pid,
    command,
    fd,
    link,
    stat,
    info,
    flags: descriptionFlags(info.flags),
    closeOnExec: (info.flags & openFlag.O_CLOEXEC) !== 0,
  };
}
