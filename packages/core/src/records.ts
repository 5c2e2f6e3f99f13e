import { decodeRecords, encodeRecords, type Records, recordsName } from '@criujs/engine-kit';
import type { SmallImages } from './engine/dump/small-images.ts';
import type { SessionStore } from './run/session.ts';

/** The records of these images; null when there are none, as in images of CRIU. */
export function readRecords(store: SessionStore): Records | null {
  return store.exists(recordsName) ? decodeRecords(store.read(recordsName)) : null;
}

export function addRecords(images: SmallImages, records: Records): void {
  images.add(recordsName, () => encodeRecords(records));
}
