import { decodeImage, ImageError } from '@criujs/images';
import { inventoryName } from './image-names.ts';
import type { RunImages } from './run-images.ts';

/** Names in the inventory's list of plugins. None when it cannot be read: the engine is the one to say what is wrong with it. */
export async function readListed(images: Pick<RunImages, 'read'>): Promise<readonly string[]> {
  const bytes = await images.read(inventoryName);
  try {
    const [inventory] = bytes === null ? [] : decodeImage('INVENTORY', bytes);
    return inventory?.message.pluginsEntry?.plugins ?? [];
  } catch (error) {
    if (error instanceof ImageError) return [];
    throw error;
  }
}
