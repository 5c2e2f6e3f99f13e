import { fstatSync } from 'node:fs';
import { EngineError } from '../errors/errors.ts';
import type { InheritedFd } from './values.ts';

/**
 * Checks what is to take the place of files, before anything else is opened that could get the number of a descriptor which is not there.
 * @returns each with its key as CRIU writes it
 * @throws EngineError BAD_OPTION
 */
export function checkInherited(given: readonly InheritedFd[] = []): readonly InheritedFd[] {
  const keys = new Set<string>();
  return given.map(({ fd, key }) => {
    if (!Number.isSafeInteger(fd) || fd < 0) throw wrong(fd, key, 'this is not the number of a descriptor');
    if (!isOpen(fd)) throw wrong(fd, key, `descriptor ${fd} is not open`);
    const known = inheritKey(key);
    if (known === '') throw wrong(fd, key, 'it names no file');
    if (keys.has(known)) throw wrong(fd, key, `two descriptors are given for ${key}`);
    keys.add(known);
    return { fd, key: known };
  });
}

/** CRIU's name of a file: paths begin at the root, without saying so, and the root is a dot. */
function inheritKey(key: string): string {
  const numbered = /^(pipe|socket):?\[(\d+)\]$/.exec(key);
  if (numbered !== null) return `${numbered[1]}:[${numbered[2]}]`;
  return key === '/' ? '.' : key.replace(/^\//, '');
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

function wrong(fd: number, key: string, why: string): EngineError {
  return new EngineError('BAD_OPTION', `fd[${fd}]:${key}: ${why}`, {
    remedy: "Open it first: criujs restore --inherit-fd 'fd[5]:pipe:[INO]' 5>&1 (option `inheritFd`).",
  });
}
