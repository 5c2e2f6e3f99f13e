import { decodeRecords, encodeRecords, type Records, recordsName } from '@criujs/engine-kit';
import type { SessionStore } from './run/session.ts';

/** The records of these images; null when there are none, as in images of CRIU. */
export function readRecords(store: SessionStore): Records | null {
  return store.exists(recordsName) ? decodeRecords(store.read(recordsName)) : null;
}

export function writeRecords(store: SessionStore, records: Records): void {
  store.write(recordsName, encodeRecords(records));
}
