import { decodeImage, ImageError } from '@criujs/images';
import { inventoryName } from '../images/image-names.ts';
import type { RunImages } from '../images/run-images.ts';

/**
 * Names in the inventory's list of plugins; null: it has no list, as in images of CRIU before 4.1.
 * @param inventory the bytes of `inventory.img`
 * @throws ImageError
 */
export function listedPlugins(inventory: Uint8Array): readonly string[] | null {
  return decodeImage('INVENTORY', inventory)[0]?.message.pluginsEntry?.plugins ?? null;
}

/** The same of a run's images. None when it cannot be read: the engine is the one to say what is wrong with it. */
export async function readListed(images: Pick<RunImages, 'read'>): Promise<readonly string[]> {
  const bytes = await images.read(inventoryName);
  try {
    return (bytes === null ? null : listedPlugins(bytes)) ?? [];
  } catch (error) {
    if (error instanceof ImageError) return [];
    throw error;
  }
}
