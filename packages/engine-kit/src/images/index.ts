/**
 * The images of a run: directories that are claimed, written beside and swapped in, and stores of the caller's own.
 *
 * @packageDocumentation
 */

export { type Silence, watchSilence } from '../streams/silence.ts';
export { readStream, writeStream } from '../streams/stream.ts';
export { type CommitMark, createCommitMark } from './commit-mark.ts';
export { closePlace, type DirectoryPlace } from './directory-place.ts';
export type { ImagePurpose, ImageStore, ImageTransaction } from './image-store.ts';
export type { RunImages, StorePlace } from './run-images.ts';
export type { SessionStore, StoreCommit } from './session-store.ts';
export { askedStore, directoryStore, noStore, type StoreAsker } from './store.ts';
export type { Swap } from './swap.ts';
export { writeError } from './write-image.ts';
