import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { EngineError } from '@criujs/engine-kit';

/** Where administrators' programs are: not in every user's PATH. */
const administrators = ['/usr/local/sbin', '/usr/sbin', '/sbin'] as const;

/**
 * Finds the program.
 * @param wanted a path, or a name to look for in PATH
 * @throws EngineError CRIU_MISSING
 */
export function findCriu(wanted: string = 'criu', cwd: string = '.'): string {
  if (wanted.includes('/')) return checkProgram(resolve(cwd, wanted));
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...administrators];
  const found = folders.map((folder) => join(folder || '.', wanted)).find((path) => whyNot(path) === null);
  if (found !== undefined) return resolve(cwd, found);
  throw new EngineError('CRIU_MISSING', `${wanted} is not in PATH`, {
    remedy:
      'Install CRIU (Debian, Ubuntu: apt install criu; Fedora: dnf install criu), or say where it is: --criu-bin PATH.',
  });
}

function checkProgram(path: string): string {
  const why = whyNot(path);
  if (why === null) return path;
  throw new EngineError('CRIU_MISSING', `${path} is not a CRIU: ${why}`, {
    remedy: 'Give the path of the program criu with --criu-bin (option `bin`).',
  });
}

function whyNot(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return 'it is not a file';
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'it is not executable' : 'there is no such file';
  }
}
