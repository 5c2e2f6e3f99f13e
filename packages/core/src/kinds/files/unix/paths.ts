import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { LinuxError } from '@criujs/linux';
import { removeStaleName } from '../stale-name.ts';
import type { UnixEntry } from './entry.ts';

/** Removes a name that a dumped socket has left. @throws EngineError FILE_CHANGED where it is another file's */
export function refuseTaken(path: string, { ino }: UnixEntry): void {
  const stays = removeStaleName(path);
  if (stays === null && lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new EngineError('FILE_CHANGED', `the name ${path} of unix socket ${ino} is another file's by now`, {
    resource: path,
    remedy: 'Move that file away, or end the program that has it, and restore again.',
  });
}

/** What bind(2) refuses of an abstract name, in words. @throws EngineError FILE_CHANGED */
export function bindAbstract(bind: () => void, { ino, name }: UnixEntry): void {
  try {
    bind();
  } catch (error) {
    if (!(error instanceof LinuxError) || error.code !== 'EADDRINUSE') throw error;
    const text = `@${Buffer.from(name).toString().slice(1)}`;
    throw new EngineError(
      'FILE_CHANGED',
      `the abstract name ${text} of unix socket ${ino} is another socket's by now`,
      {
        resource: text,
        cause: error,
        remedy: 'End the program that has it (`ss -xlp` shows it), and restore again.',
      },
    );
  }
}

/** What bind(2) refuses of a path, in words. @throws EngineError NOT_PERMITTED, FILE_MISSING */
export function explaining(path: string, { ino }: UnixEntry, bind: () => void): void {
  try {
    bind();
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    const code = error.code === 'EACCES' || error.code === 'EPERM' ? 'NOT_PERMITTED' : 'FILE_MISSING';
    throw new EngineError(code, `unix socket ${ino} cannot get its name ${path} (${error.code})`, {
      resource: path,
      cause: error,
      remedy: `Make the directory ${dirname(path)} as it was, with the rights to write to it, and restore again.`,
    });
  }
}

/** A directory in which a path can be made, whichever it is: it leads to nowhere else. */
export function privateRoot(path: string, near: string): { readonly root: string; readonly start: string } {
  const root = mkdtempSync(join(near, 'criujs-names-'));
  const ups = isAbsolute(path) ? 0 : path.split('/').filter((part) => part === '..').length;
  const start = join(root, ...Array<string>(ups).fill('up'));
  mkdirSync(isAbsolute(path) ? join(root, join('/', dirname(path))) : join(start, dirname(path)), { recursive: true });
  return { root, start };
}
