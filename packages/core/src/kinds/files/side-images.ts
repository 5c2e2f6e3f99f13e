import { decodeImage, encodeImage, type ImageKind, type ImageRecord, type ImageRecordInit } from '@criujs/images';
import type { SmallImages } from '../../engine/dump/small-images.ts';
import type { SessionStore } from '../../run/session.ts';

/** Writes images beside files.img that belong to one kind. */
export interface ImageWriter {
  write<K extends ImageKind>(kind: K, file: string, records: readonly ImageRecordInit<K>[]): void;
}

/** Reads such an image; one that is not there has no records. */
export interface ImageReader {
  read<K extends ImageKind>(kind: K, file: string): readonly ImageRecord<K>[];
}

/** Writes images that belong to one kind, when they are due. */
export function imageWriter(images: Pick<SmallImages, 'add'>): ImageWriter {
  return { write: (kind, file, records) => images.add(file, () => encodeImage(kind, records)) };
}

/** Reads them; an image that is not there has no entries. */
export function imageReader(store: SessionStore): ImageReader {
  return { read: (kind, file) => (store.exists(file) ? decodeImage(kind, store.read(file), { file }) : []) };
}
