import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson, type Records, sectionsDirectory } from '@criujs/engine-kit';
import { directorySections, type SectionStore } from '@criujs/plugin-host';
import type { Reader } from './reader.ts';
import type { ShownPart, ShownSection } from './shown.ts';

/** Larger parts are not looked into. */
const largestJson = 1024 * 1024;

/** Deeper or longer ones are told by their size only: what prints them walks over every value. */
const limits = { depth: 64, values: 100_000 } as const;

/** What plugins keep in the images. Nothing leads out of the directory: links are refused, not followed. */
export async function seeSections(records: Records | null, reader: Reader): Promise<ShownSection[]> {
  const store = directorySections(reader.directory, { limit: largestJson });
  const sections: ShownSection[] = [];
  for (const plugin of pluginFolders(reader)) {
    const known = records?.plugins.find(({ name }) => name === plugin);
    const parts = await seeParts(plugin, store, reader);
    const { version = null, apiVersion = null, imageVersion = null } = known ?? {};
    sections.push({ plugin, version, apiVersion, imageVersion, parts });
  }
  return sections;
}

function pluginFolders({ directory, note, attempt }: Reader): string[] {
  const folder = join(directory, sectionsDirectory);
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) {
    note(`${sectionsDirectory}: it is not a folder`);
    return [];
  }
  const names = attempt(sectionsDirectory, () => readdirSync(folder)) ?? [];
  return names.sort().filter((name) => {
    if (/^[a-z0-9][a-z0-9-]*$/.test(name)) return true;
    note(`${sectionsDirectory}: ${JSON.stringify(name)} is not the name of a plugin`);
    return false;
  });
}

async function seeParts(
  plugin: string,
  store: SectionStore,
  { directory, note, attempt }: Reader,
): Promise<ShownPart[]> {
  const trouble = (error: unknown): never[] => {
    note(`parts of plugin ${plugin}: ${(error as Error).message}`);
    return [];
  };
  const names = await store.names(plugin).catch(trouble);
  const parts: ShownPart[] = [];
  for (const name of names) {
    const path = join(directory, sectionsDirectory, plugin, name);
    const bytes = attempt(path, () => lstatSync(path).size) ?? 0;
    const content = bytes > largestJson ? null : await store.read(plugin, name).catch(trouble);
    parts.push({ name, bytes, ...(content instanceof Uint8Array ? jsonOf(content) : {}) });
  }
  return parts;
}

function jsonOf(content: Uint8Array): { json?: unknown } {
  try {
    return { json: parseJson(content, limits) };
  } catch {
    return {};
  }
}
