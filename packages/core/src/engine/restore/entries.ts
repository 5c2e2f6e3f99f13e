import { EngineError } from '@criujs/engine-kit';
import { decodeImage, decodePagemap, type EntryOf, ImageError, type ImageKind, type ImageRecord } from '@criujs/images';
import { invalid } from '../../kinds/rules.ts';
import type { EntryReader } from '../../kinds/trees/kind.ts';
import type { Session } from '../../run/session.ts';

/** Where the pages of a process lie. @throws EngineError IMAGE_INVALID, ABORTED */
export function readPagemap(session: Session, name: string): ReturnType<typeof decodePagemap> {
  return reading(name, () => decodePagemap(session.store.read(name), { file: name, check: session.checkAborted }));
}

/** All entries of an image that may hold any number of them. @throws EngineError IMAGE_INVALID, ABORTED */
export function readMany<K extends ImageKind>(session: Session, kind: K, name: string): EntryOf<K>[] {
  return readAll(session, kind, name).map(({ message }) => message);
}

/** The same with the bytes that follow each. @throws EngineError IMAGE_INVALID, ABORTED */
function readAll<K extends ImageKind>(session: Session, kind: K, name: string): ImageRecord<K>[] {
  return reading(name, () => decodeImage(kind, session.store.read(name), { file: name, check: session.checkAborted }));
}

/** The entry of an image that holds one. @throws EngineError IMAGE_INVALID, ABORTED */
export function readOne<K extends ImageKind>(session: Session, kind: K, name: string): EntryOf<K> {
  const [entry, second] = readMany(session, kind, name);
  if (entry === undefined || second !== undefined)
    throw invalid(name, `${entry === undefined ? 'no entry' : 'more than one entry'} in it`);
  return entry;
}

/** Reads images of one session, for who is not to load what reads them: a plan loads kinds without it. */
export function entryReader(session: Session): EntryReader {
  return {
    readOne: (kind, name) => readOne(session, kind, name),
    readAll: (kind, name) => readAll(session, kind, name),
  };
}

function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new EngineError('IMAGE_INVALID', error.message, {
      resource: name,
      cause: error,
      remedy: error.remedy ?? 'The image is damaged: use another copy of the dump.',
    });
  }
}
