import type { EngineOptions } from '@criujs/engine-kit';
import type { SavedFile } from '../kinds/files/dumping.ts';
import type { HeldFile, Problem } from '../kinds/files/held.ts';
import type { FileKind } from '../kinds/files/kind.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { recogniseHeld } from '../kinds/files/table.ts';

/** Where the entries of files go. */
interface Destination {
  nextId(): number;
  add(kind: FileKind, saved: SavedFile): void;
}

/** Entries for files without descriptors, one for each name, inode and flags. */
export interface PathFiles {
  /** The id of the entry, or why there can be none. */
  add(file: HeldFile): number | Problem;
}

export function createPathFiles({ nextId, add }: Destination, options: EngineOptions<'dump'>): PathFiles {
  const known = new Map<string, number>();
  return {
    add(file) {
      const { stat, flags, link } = file;
      const key = `${stat.dev}:${stat.ino}:${flags}:${link}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const kind = recogniseHeld(file, options);
      if (isProblem(kind)) return kind;
      const id = nextId();
      known.set(key, id);
      const entry = { ...kind.withoutDescriptor.dump(id, file), type: kind.type, id };
      add(kind, { entry, file, holder: null });
      return id;
    },
  };
}
