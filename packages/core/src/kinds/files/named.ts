import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { closeFd, openForeignPath, openPath, readLink } from '@criujs/linux';
import { unsupported } from '../rules.ts';
import { openFlag } from './flags.ts';
import { errorCode } from './seen.ts';

/** PROC_SUPER_MAGIC. statfs(2) */
const procfs = 0x9fa0;
/** What is about the machine and not about a process: `/proc/meminfo`, `/proc/sys/…`. proc(5) */
const ofMachine = /^\/proc(?!\/(?:self|thread-self|\d+)(?:\/|$))/;

/**
 * Opens a path of the images that verifying has found. They could name files of this engine's own: no magic link is followed, and
 * nothing of a process in /proc is opened.
 * @throws EngineError as {@link openAgain}; UNSUPPORTED
 */
export function openNamed(path: string, flags: number): number {
  const fd = opening(path, () => openForeignPath(path, flags));
  const isProcfs = statfsSync(`/proc/${process.pid}/fd/${fd}`).type === procfs;
  if (!isProcfs || flags & openFlag.O_PATH || ofMachine.test(readLink(process.pid, `fd/${fd}`))) return fd;
  closeFd(fd);
  throw unsupported(`${path}: a file of a process in /proc`, 'Restore it with CRIU.');
}

/**
 * Checks where a name of the images leads before something is made or removed there: over no magic link, and not into /proc, where the
 * engine's own files are.
 * @throws EngineError as {@link openAgain}; UNSUPPORTED
 */
export function checkPlace(path: string): void {
  for (let at = dirname(path); ; at = dirname(at)) {
    const fd = openFolder(at);
    if (fd === null && dirname(at) !== at) continue;
    if (fd === null) return;
    const isProcfs = statfsSync(`/proc/${process.pid}/fd/${fd}`).type === procfs;
    closeFd(fd);
    if (isProcfs) throw unsupported(`${path}: a deleted file in /proc`, 'Restore it with CRIU.');
    return;
  }
}

/** null: it is not there, and may be made. */
function openFolder(path: string): number | null {
  try {
    return openForeignPath(path, openFlag.O_PATH | openFlag.O_DIRECTORY);
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw openFailure(path, error);
    return null;
  }
}

/** Opens a path of the engine's own making. @throws EngineError NOT_PERMITTED, FILE_MISSING, FILE_CHANGED, IMAGE_INVALID, KERNEL */
export function openAgain(path: string, flags: number): number {
  return opening(path, () => openPath(path, flags | openFlag.O_CLOEXEC));
}

/** @throws EngineError as {@link openAgain} */
export function opening(path: string, open: () => number): number {
  try {
    return open();
  } catch (error) {
    throw openFailure(path, error);
  }
}

/** What the kernel refuses a file with that is the one that it was. open(2). */
const openFailures: Readonly<
  Record<string, readonly ['NOT_PERMITTED' | 'FILE_MISSING' | 'FILE_CHANGED' | 'IMAGE_INVALID' | 'KERNEL', string]>
> = {
  EACCES: ['NOT_PERMITTED', 'Restore as a user who may open it.'],
  EPERM: ['NOT_PERMITTED', 'Restore as the owner of the file or as root.'],
  EROFS: ['NOT_PERMITTED', 'Mount its file system writable.'],
  ENOENT: ['FILE_MISSING', 'Put the file back.'],
  ENOTDIR: ['FILE_MISSING', 'Put the file back.'],
  EISDIR: ['IMAGE_INVALID', 'No directory is open for writing: take the images from an undamaged copy, or dump again.'],
  ELOOP: ['FILE_CHANGED', 'Put the file back where a link is now.'],
  EINVAL: ['FILE_CHANGED', 'Put the file back on a file system that opens it as it was open (O_DIRECT).'],
  ETXTBSY: ['NOT_PERMITTED', 'End the program that runs from it: nobody may write it meanwhile.'],
  ENXIO: ['FILE_MISSING', 'Load the driver of the device, or start what reads the named pipe.'],
  ENODEV: ['FILE_MISSING', 'Load the driver of the device.'],
  EMFILE: ['KERNEL', 'Raise the limit of open files: ulimit -n NUMBER.'],
  ENFILE: ['KERNEL', 'Raise the limit of open files of this machine: fs.file-max (sysctl).'],
};

function openFailure(path: string, error: unknown): EngineError {
  const [code, remedy] = openFailures[errorCode(error)] ?? ['KERNEL', undefined];
  return new EngineError(code, `cannot open ${path}: ${errorCode(error)}`, { resource: path, remedy, cause: error });
}
