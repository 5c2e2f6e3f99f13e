import { decodeRecords, inventoryName, type Records, recordsName } from '@criujs/engine-kit';
import { programOf, seeFiles } from './files.ts';
import { openReader, type Reader } from './reader.ts';
import { seeSections } from './sections.ts';
import type { ShownDump, ShownInventory } from './shown.ts';
import { seeTasks } from './tasks.ts';

/** Reads all that `show` says about a directory. @throws EngineError IMAGES_INCOMPLETE, NOT_PERMITTED */
export async function showDirectory(directory: string): Promise<ShownDump> {
  const reader = openReader(directory);
  const records = seeRecords(reader);
  const inventory = seeInventory(records, reader);
  const tasks = seeTasks(reader);
  const files = seeFiles(tasks, records, reader);
  const byId = new Map(files.map((file) => [file.id, file]));
  const sections = await seeSections(records, reader);
  const parts = sections.flatMap((section) => section.parts);
  const sizes = [...[...reader.names].map((name) => reader.size(name)), ...parts.map(({ bytes }) => bytes)];
  return {
    images: directory,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    inventory,
    tasks: tasks.map(({ shown, exe }) => ({ ...shown, program: programOf(exe, byId) })),
    files,
    taken: records?.takes ?? [],
    sections,
    problems: reader.problems,
  };
}

function seeRecords(reader: Reader): Records | null {
  const bytes = reader.bytes(recordsName);
  return bytes === null ? null : reader.attempt(recordsName, () => decodeRecords(bytes));
}

function seeInventory(records: Records | null, reader: Reader): ShownInventory | null {
  const bytes = reader.bytes(inventoryName);
  // Something else in its place was noted already.
  if (bytes === null && reader.names.has(inventoryName)) return null;
  if (bytes === null || bytes.length === 0) {
    reader.note(`${inventoryName}: it is missing: the dump is incomplete`);
    return null;
  }
  const [entry] = reader.entries('INVENTORY', inventoryName);
  if (entry === undefined) return null;
  const { imgVersion, pluginsEntry } = entry;
  return { version: imgVersion, plugins: pluginsEntry?.plugins ?? null, loaded: records?.plugins ?? null };
}
