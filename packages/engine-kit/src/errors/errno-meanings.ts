import type { EngineErrorCode } from './errors.ts';

/** The meaning of an error number when the failed call is unknown. */
export interface ErrnoMeaning {
  readonly code: EngineErrorCode;
  readonly remedy: string;
}

const kernel = (remedy: string): ErrnoMeaning => ({ code: 'KERNEL', remedy });

const full: ErrnoMeaning = {
  code: 'IMAGES_FULL',
  remedy: 'Free some space, or use an image directory on another file system.',
};

const denied: ErrnoMeaning = {
  code: 'NOT_PERMITTED',
  remedy:
    'Run this as root, or as the owner of the process and its files; `criujs check` says which rights are missing.',
};

const memory: ErrnoMeaning = kernel(
  'Free some memory, or raise the limits that stand against it: ulimit -v, ulimit -l, memory.max of the control group.',
);

const path: ErrnoMeaning = kernel('Check the path: each part of it must be there, and all but the last be a folder.');

/** Error numbers by name. errno(3). */
const meanings: Readonly<Record<string, ErrnoMeaning>> = {
  EACCES: denied,
  EPERM: denied,
  ENOSPC: full,
  EDQUOT: full,
  EROFS: kernel('Use a path on a file system that is mounted writable.'),
  EMFILE: kernel('Raise the limit of open files: ulimit -n 1024, or more.'),
  ENFILE: kernel('Close files of other programs, or raise fs.file-max.'),
  ENOMEM: memory,
  EAGAIN: kernel('Raise the limits of processes: ulimit -u, pids.max of the control group.'),
  EFBIG: kernel('Raise the limit of file sizes: ulimit -f.'),
  EIO: kernel('Check the disk: `dmesg` says what the kernel could not read or write.'),
  ENOSYS: kernel('Use a kernel and a system call filter that have this call: `criujs check` says which are missing.'),
  EOPNOTSUPP: kernel('Use another file system, or a newer kernel.'),
  ENAMETOOLONG: kernel('Use a shorter path.'),
  ELOOP: kernel('Remove the symbolic link, or give the path that it leads to.'),
  EISDIR: kernel('Remove the folder, or give the path of a file.'),
  ENOTDIR: path,
  ENOENT: path,
  ESTALE: kernel('Mount the network file system again.'),
  ETIMEDOUT: kernel('Look after the network file system, and run again.'),
  EINTR: kernel('Run it again.'),
  EBUSY: kernel('End what uses it, and run again.'),
  ESRCH: kernel('Run it again: a process ended meanwhile.'),
};

/** What Node calls its own troubles that have no error number. Errors, nodejs.org/api/errors.html. */
const nodeMeanings: Readonly<Record<string, ErrnoMeaning>> = {
  UNSUPPORTED_PLATFORM: { code: 'UNSUPPORTED_PLATFORM', remedy: 'Run criujs on Linux on an x86-64 processor.' },
  ERR_WORKER_INIT_FAILED: kernel('Raise the limits of open files and of processes: ulimit -n, ulimit -u.'),
  ERR_WORKER_OUT_OF_MEMORY: memory,
  ERR_MEMORY_ALLOCATION_FAILED: memory,
};

/** What the code of a failed system call, or of Node itself, means; undefined: it says no more than its name. */
export function meaningOf(code: string): ErrnoMeaning | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : nodeMeanings[code];
}

/** Whether only Node gives this code: such an error has no error number. */
export function isNodes(code: string): boolean {
  return Object.hasOwn(nodeMeanings, code);
}
