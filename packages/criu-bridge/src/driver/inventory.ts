import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, decodeImage, encodeImage, PluginsEntrySchema } from '@criujs/images';
import { writeWhole } from './write-whole.ts';

const inventoryFile = 'inventory.img';

/**
 * Lists the plugins that a restore needs in the inventory that CRIU has written: it did not wait for all of their answers, and
 * knows nothing of what they wrote. Throws ImageError.
 */
export function listPlugins(images: string, needed: readonly string[]): void {
  const path = join(images, inventoryFile);
  const [inventory] = decodeImage('INVENTORY', readFileSync(path), { file: inventoryFile });
  if (inventory === undefined) return;
  const { message } = inventory;
  const named = message.pluginsEntry?.plugins ?? [];
  const plugins = [...new Set([...named, ...needed])];
  if (plugins.length === named.length) return;
  const pluginsEntry = create(PluginsEntrySchema, { plugins });
  writeWhole(path, encodeImage('INVENTORY', [{ ...inventory, message: Object.assign(message, { pluginsEntry }) }]));
}
