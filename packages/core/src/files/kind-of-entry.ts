import { EngineError } from '../errors.ts';
import { fdTypeName } from './fd-type.ts';
import type { FileEntry, FileKind } from './kind.ts';
import { fileKinds } from './kinds.ts';

/** The kind that opens a file of the images. @throws EngineError UNSUPPORTED */
export function kindOfEntry(entry: FileEntry): FileKind {
  const kind = fileKinds.find((it) => it.type === entry.type);
  if (kind !== undefined) return kind;
  throw new EngineError(
    'UNSUPPORTED',
    `file ${entry.id} of the images is of kind ${fdTypeName(entry.type)}, which cannot be restored yet`,
    {
      remedy: 'Restore these images with CRIU.',
    },
  );
}
