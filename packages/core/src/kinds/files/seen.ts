import {
  type Fdinfo,
  type FileStat,
  readAhead,
  readFdinfo,
  readFds,
  readFileStat,
  readLink,
  unlessGone,
} from '@criujs/linux';
import { descriptionFlags, openFlag } from './flags.ts';
import type { SeenFile, SeenProcess } from './held.ts';

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** All descriptors of a process that stands still. */
export function seeFiles(process: SeenProcess): SeenFile[] {
  return seeFilesAt(process, readFds(process.pid));
}

/** Some descriptors of it. */
export function seeFilesAt(process: SeenProcess, fds: readonly number[]): SeenFile[] {
  const { pid } = process;
  const links = fds.map((fd) => `/proc/${pid}/fd/${fd}`);
  const ahead = { texts: fds.map((fd) => `/proc/${pid}/fdinfo/${fd}`), links, stats: links };
  return readAhead(ahead, () => fds.map((fd) => seeFile(process, fd)));
}

/** All descriptors of a process that runs: what is closed meanwhile is left out. */
export function glanceAtFiles(process: SeenProcess): SeenFile[] {
  return readFds(process.pid).flatMap((fd) => unlessGone(() => seeFile(process, fd), []));
}

function seeFile(process: SeenProcess, fd: number): SeenFile {
  const link = readLink(process.pid, `fd/${fd}`);
  const info = readFdinfo(process.pid, fd);
  const stat = readFileStat(`/proc/${process.pid}/fd/${fd}`);
  return seenFile({ ...process, fd, link, stat, info });
}

/** Combines what /proc shows about a descriptor. */
function seenFile(from: {
  readonly pid: number;
  readonly command: string;
  readonly fd: number;
  readonly link: string;
  readonly stat: FileStat;
  readonly info: Fdinfo;
}): SeenFile {
  const { pid, command, fd, link, stat, info } = from;
  return {
    pid,
    handle: `/proc/${pid}/fd/${fd}`,
    command,
    fd,
    link,
    stat,
    info,
    flags: descriptionFlags(info.flags),
    closeOnExec: (info.flags & openFlag.O_CLOEXEC) !== 0,
  };
}
