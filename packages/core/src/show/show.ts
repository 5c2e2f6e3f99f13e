import { resolve } from 'node:path';
import { EngineError, toEngineError } from '@criujs/engine-kit';
import type { ShownDump, ShowOptions } from './shown.ts';

/**
 * Describes an image directory of criujs or CRIU. It only needs read access and works on any platform. Images that cannot be read
 * are among the `problems`; the rest is described.
 * @throws EngineError IMAGES_INCOMPLETE when there are no images at all, NOT_PERMITTED
 */
export async function show({ images, cwd = '.' }: ShowOptions): Promise<ShownDump> {
  if (typeof images !== 'string' || images === '') {
    throw new EngineError('BAD_OPTION', '`images` is not a path', { remedy: "Give a directory: images: 'path'." });
  }
  // Decoders of images are large: runs that show nothing do not read them.
  const { showDirectory } = await import('./directory.ts');
  try {
    return await showDirectory(resolve(cwd, images));
  } catch (error) {
    throw toEngineError(error);
  }
}
