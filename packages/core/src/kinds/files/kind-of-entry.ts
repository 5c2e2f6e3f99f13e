import { EngineError } from '@criujs/engine-kit';
import { fdTypeName } from './file-type.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry } from './opening.ts';
import { fileKinds } from './table.ts';

/** The kind whose entry it is; undefined: none of the engine's. */
export function findKind(entry: FileEntry): FileKind | undefined {
  return fileKinds.find((kind) => kind.matches(entry));
}

/** The kind that opens a file of the images. @throws EngineError UNSUPPORTED */
export function kindOfEntry(entry: FileEntry): FileKind {
  const kind = findKind(entry);
  if (kind !== undefined) return kind;
  throw new EngineError(
    'UNSUPPORTED',
    `file ${entry.id} of the images is of kind ${fdTypeName(entry.type)}, which cannot be restored yet`,
    {
      remedy: 'Restore these images with CRIU.',
    },
  );
}
