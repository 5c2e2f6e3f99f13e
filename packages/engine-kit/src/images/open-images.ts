import type { ImageStore } from './image-store.ts';
import { absolutePath } from './resolve-directory.ts';
import { badImages, type Purpose, type RunImages } from './run-images.ts';

/**
 * Claims the images for one run.
 * @throws EngineError BAD_OPTION, IMAGES_BUSY, IMAGES_EXIST, IMAGES_UNWRITABLE, IMAGES_FULL, IMAGES_INCOMPLETE
 */
export async function openImages(images: string | ImageStore, purpose: Purpose): Promise<RunImages> {
  if (typeof images === 'string' && images !== '') {
    const path = absolutePath(images, purpose.cwd);
    // Calls of the system are loaded where they are needed.
    const { openDirectory } = await import('./directory-images.ts');
    return openDirectory(path, purpose);
  }
  if (typeof images === 'object' && images !== null && typeof images.begin === 'function') {
    const { openStore } = await import('./store-images.ts');
    return openStore(images, purpose);
  }
  throw badImages();
}
