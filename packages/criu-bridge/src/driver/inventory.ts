import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inventoryName, writeWhole } from '@criujs/engine-kit';
import { create, decodeImage, encodeImage, PluginsEntrySchema } from '@criujs/images';

/**
 * Lists the plugins that a restore needs in the inventory that CRIU has written: it did not wait for all of their answers, and
 * knows nothing of what they wrote. Throws ImageError.
 * @param shown what errors call the directory
 */
export function listPlugins(images: string, needed: readonly string[], shown: string): void {
  const [inventory] = decodeImage('INVENTORY', readFileSync(join(images, inventoryName)), { file: inventoryName });
  if (inventory === undefined) return;
  const { message } = inventory;
  const named = message.pluginsEntry?.plugins ?? [];
  const plugins = [...new Set([...named, ...needed])];
  if (plugins.length === named.length) return;
  const pluginsEntry = create(PluginsEntrySchema, { plugins });
  const bytes = encodeImage('INVENTORY', [{ ...inventory, message: Object.assign(message, { pluginsEntry }) }]);
  writeWhole(images, inventoryName, bytes, shown);
}
