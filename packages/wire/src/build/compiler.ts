import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WireError } from '../errors.ts';

const names = ['cc', 'gcc', 'clang'] as const;

/**
 * The C compiler of this machine: `CC` of the environment, or the first of cc, gcc and clang in PATH.
 * @throws WireError NATIVE_NO_COMPILER
 */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): string {
  const wanted = env['CC'] ? [env['CC']] : names;
  const found = wanted.map((name) => which(name, env)).find((path) => path !== undefined);
  if (found !== undefined) return found;
  const what = wanted.length === 1 ? `${wanted[0]} (CC) is not` : `none of ${wanted.join(', ')} is`;
  throw new WireError('NATIVE_NO_COMPILER', `there is no C compiler: ${what} in PATH`, {
    remedy: 'Install one (Debian: apt-get install gcc libc6-dev), or set CC.',
  });
}

function which(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = name.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
