import { closeSync, fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { readStream } from '@criujs/engine-kit/images';
import { isStream, syscall } from '@criujs/linux';
import type { SessionStore } from '../run/session.ts';
import { bytesOf, type PageRun, type PageSource } from './source.ts';

/** An image of pages, and the map of what is in it. */
export interface PagesImage {
  /** `pages-N.img`. */
  readonly name: string;
  /** The image with the map of it, for errors. */
  readonly pagemap: string;
  readonly runs: readonly PageRun[];
}

/**
 * Opens the pages of an image: a file whose size is checked, which the task can read itself, or a stream.
 * @throws EngineError IMAGE_INVALID when the file is shorter than its map says
 */
export function imagePages(image: PagesImage, store: Pick<SessionStore, 'open' | 'silence'>): PageSource {
  const fd = store.open(image.name, 'read');
  try {
    if (isStream(fd)) return streamOfPages(fd, image, store);
    const { size } = fstatSync(fd);
    if (size < bytesOf(image.runs)) throw cutShort(image, size);
    return fileOfPages(fd, image);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Pages in a file. */
function fileOfPages(fd: number, image: PagesImage): PageSource {
  const read = (address: number, length: number, done: number): number => syscall('pread64', fd, address, length, done);
  return { ...inOrder(fd, image, read), file: fd };
}

/** Pages that come through a pipe or a socket, when they come: how many there are shows only at the end. */
function streamOfPages(fd: number, image: PagesImage, { silence }: Pick<SessionStore, 'silence'>): PageSource {
  const stream = { fd, name: image.name, silence };
  return { ...inOrder(fd, image, (address, length) => readStream(stream, address, length)), file: null };
}

function inOrder(
  fd: number,
  image: PagesImage,
  readAt: (address: number, length: number, done: number) => number,
): Omit<PageSource, 'file'> {
  const bytes = bytesOf(image.runs);
  let done = 0;
  let open = true;
  return {
    runs: image.runs,
    pieces: null,
    read(address, length) {
      const want = Math.min(length, bytes - done);
      if (want === 0) return 0;
      const got = readAt(address, want, done);
      if (got === 0) throw cutShort(image, done);
      done += got;
      return got;
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function cutShort({ name, pagemap, runs }: PagesImage, size: number): EngineError {
  return new EngineError('IMAGE_INVALID', `${name}: ${size} bytes, but ${pagemap} lists ${bytesOf(runs)}`, {
    resource: name,
    remedy: 'The image is truncated: use another copy of the dump.',
  });
}
