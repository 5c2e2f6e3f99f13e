import { invalid } from '../rules.ts';
import type { FileEntry } from './opening.ts';

/** The part of an entry that is its kind's. `what` is the kind in words. @throws EngineError IMAGE_INVALID */
export function ownPart<K extends keyof FileEntry>(entry: FileEntry, key: K, what: string): NonNullable<FileEntry[K]> {
  const part = entry[key];
  if (part === undefined || part === null) throw invalid('files.img', `${what} ${entry.id} says nothing of itself`);
  return part;
}
