import { fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { fileType, statusFlags, typeOf } from '@criujs/engine-kit/externals';
import { getFlags, openPath, setFlags } from '@criujs/linux';
import { asEngine } from '../../machinery/guard/as-user.ts';
import { accessOf, openFlag } from './flags.ts';
import { errorCode } from './seen.ts';

/** Of open(2): the direction. */
const accessBits = 0o3;

/** Why a descriptor cannot take the place of ends of a pipe that have these flags; null: it can. */
export function pipeProblem(ends: readonly number[], fd: number): string | null {
  if (typeOf(fstatSync(fd).mode) !== fileType.fifo) return 'it is not a pipe';
  const wanted = new Set(ends.map(accessOf));
  const given = accessOf(getFlags(fd));
  // Where the images have both ends of it, one descriptor stands for both.
  if (given === 'both' || wanted.size !== 1 || wanted.has(given)) return null;
  return given === 'read'
    ? 'it is the end of a pipe that is read, and the program writes it'
    : 'it is the end of a pipe that is written, and the program reads it';
}

/**
 * Opens an end of a pipe anew through a descriptor of the user's, so that its flags are its own.
 * @param fd of this process, which the user has named: opened with the user's rights
 * @throws EngineError FILE_MISSING, NOT_PERMITTED
 */
export function openThrough(fd: number, flags: number, name: string): number {
  try {
    const path = `/proc/self/fd/${fd}`;
    // Without blocking, as an end that waits for another would wait for ever. fifo(7)
    const end = asEngine(() => openPath(path, (flags & accessBits) | openFlag.O_NONBLOCK));
    setFlags(end, flags & statusFlags & ~openFlag.O_ASYNC);
    return end;
  } catch (error) {
    throw openFailure(`${name}: cannot open it through descriptor ${fd}: ${errorCode(error)}`, error);
  }
}

function openFailure(message: string, cause: unknown): EngineError {
  return errorCode(cause) === 'ENXIO'
    ? new EngineError('FILE_MISSING', message, { remedy: 'Keep the other end of that pipe open.', cause })
    : new EngineError('NOT_PERMITTED', message, { remedy: 'Restore as the owner of that pipe or as root.', cause });
}
