import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, decodeImage, encodeImage, PluginsEntrySchema } from '@criujs/images';
import type { PluginHost } from '@criujs/plugin-host';
import { inventoryName } from '../server/inventory-name.ts';
import { writeWhole } from './write-whole.ts';

const inventoryFile = 'inventory.img';

/**
 * Names the plugins that took something in the inventory that CRIU has written: it did not wait for all of their answers.
 * Throws ImageError.
 */
export function nameTakers(images: string, host: PluginHost, takers: readonly string[]): void {
  const path = join(images, inventoryFile);
  const [inventory] = decodeImage('INVENTORY', readFileSync(path), { file: inventoryFile });
  if (inventory === undefined) return;
  const { message } = inventory;
  const named = message.pluginsEntry?.plugins ?? [];
  const plugins = [...new Set([...named, ...takers.flatMap((name) => inventoryName(host, name) ?? [])])];
  if (plugins.length === named.length) return;
  const pluginsEntry = create(PluginsEntrySchema, { plugins });
  writeWhole(path, encodeImage('INVENTORY', [{ ...inventory, message: Object.assign(message, { pluginsEntry }) }]));
}
