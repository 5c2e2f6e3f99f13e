import { resolve } from 'node:path';
import { EngineError, toEngineError } from '@criujs/engine-kit';
import { checkPlatform } from '@criujs/engine-kit/front';
import type { UnlockOptions, UnlockResult } from './unlocked.ts';

/**
 * Lets packets of the TCP connections of a dump pass again, which is not to be restored on this machine: then the kernel tells peers that
 * send something that the connections are gone. A restore does it by itself.
 * @throws EngineError IMAGES_INCOMPLETE, IMAGE_INVALID, NOT_PERMITTED
 */
export async function unlockNetwork({ images, cwd = '.' }: UnlockOptions): Promise<UnlockResult> {
  checkPlatform();
  if (typeof images !== 'string' || images === '') {
    throw new EngineError('BAD_OPTION', '`images` is not a path', { remedy: "Give a directory: images: 'path'." });
  }
  const { unlockDirectory } = await import('./unlock-directory.ts');
  try {
    return await unlockDirectory(resolve(cwd, images));
  } catch (error) {
    throw toEngineError(error);
  }
}
