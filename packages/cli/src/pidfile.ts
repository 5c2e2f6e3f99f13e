import { randomBytes } from 'node:crypto';
import { closeSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

/** A pid file that is begun. */
export interface Pidfile {
  /** Puts it in its place. */
  write(pid: number): void;
  /** Takes it away again, once nothing was restored. */
  remove(): void;
}

/**
 * Begins a pid file beside its path, before the restore: a restored program whose pid cannot be written would be lost. It is renamed once
 * it has the pid, so that nobody reads an empty file, and nothing that lies at the path is ever written through.
 * @throws UsageError when it cannot be written there, or something else than a file is there
 */
export function openPidfile(path: string): Pidfile {
  refuseObstacle(path);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  let fd: number;
  try {
    // O_EXCL: no link is followed.
    fd = openSync(draft, 'wx', 0o644);
  } catch (error) {
    throw unwritable((error as Error).message, 'Give another path with --pidfile.');
  }
  return {
    write(pid) {
      writeSync(fd, `${pid}\n`);
      closeSync(fd);
      renameSync(draft, path);
    },
    remove() {
      closeSync(fd);
      rmSync(draft, { force: true });
    },
  };
}

/** A rename would put the file in the place of a link or a device, which nobody means, and fail at a directory. */
function refuseObstacle(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return;
  if (stat.isSymbolicLink())
    throw unwritable(
      `${path} is a symbolic link, which is not followed`,
      'Give the path that the link leads to with --pidfile, or remove the link.',
    );
  throw unwritable(`${path} is no regular file`, 'Give another path with --pidfile.');
}

function unwritable(why: string, remedy: string): UsageError {
  return new UsageError(`the pid file cannot be written: ${why}`, remedy);
}
