import { inventoryName, readImageOf } from '@criujs/engine-kit';
import { listedPlugins } from '@criujs/engine-kit/inventory';

/** A plugin by its two names. */
export interface Names {
  /** As its descriptor has it, and as it asks by. */
  readonly own: string;
  /** As the host knows it, and as our engine lists it once it has taken something. */
  readonly hosts: string;
}

/**
 * The names that `check_and_remove_inventory_plugin` is to find at a restore: those in the inventory's list of plugins, and what
 * this plugin itself added at the dump. null: the images have no list (those of CRIU before 4.1), and every plugin is needed.
 */
export function neededNames(images: string, added: readonly string[], names: Names): readonly string[] | null {
  const listed = listedNames(images);
  if (listed === null) return null;
  return [...new Set([...listed, ...added, ...(listed.includes(names.hosts) ? [names.own] : [])])];
}

/** null also when it cannot be read: the engine is the one to say what is wrong with it. */
function listedNames(images: string): readonly string[] | null {
  try {
    const inventory = readImageOf(images, inventoryName);
    return inventory === null ? null : listedPlugins(inventory);
  } catch {
    return null;
  }
}
