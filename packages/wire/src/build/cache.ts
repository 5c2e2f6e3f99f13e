import { lstatSync } from 'node:fs';
import { isOwnAlone, makeFolders, privateCache } from '@criujs/linux';
import { WireError } from '../errors.ts';

/**
 * Gives the folder where builds are kept, and makes it.
 * @param home of the effective user; default: as passwd(5) has it
 * @returns a path without symbolic links
 * @throws WireError NATIVE_CACHE_UNSAFE: there is none that another user could not have filled
 */
export function defaultCache(env: NodeJS.ProcessEnv, home?: () => string): string {
  const cache = privateCache('native', env, home);
  if ('folder' in cache) return cache.folder;
  throw unsafe(cache.why.length === 0 ? 'no home is known' : cache.why.join('; '));
}

/** Makes sure that nobody but this user owns or may write a file or folder. @throws WireError NATIVE_CACHE_UNSAFE */
export function checkPrivate(path: string): void {
  if (!isOwnAlone(path)) throw unsafe(`${path} belongs to user ${lstatSync(path).uid}, or others may write to it`);
}

/** Makes a folder that the caller has named. @throws WireError NATIVE_CACHE_UNSAFE */
export function makePrivate(folder: string): void {
  makeFolders(folder);
  checkPrivate(folder);
}

function unsafe(why: string): WireError {
  return new WireError('NATIVE_CACHE_UNSAFE', `what is built has no safe place: ${why}`, {
    remedy: 'Set XDG_CACHE_HOME to a folder that only you may write to, as each one above it (for root: /root/.cache).',
  });
}
