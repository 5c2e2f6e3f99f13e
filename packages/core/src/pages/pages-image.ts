import { closeSync } from 'node:fs';
import { writeError, writeStream } from '@criujs/engine-kit/images';
import { getFlags, isStream, LinuxError, syscall, trySyscall } from '@criujs/linux';
import { openFlag } from '../kinds/files/flags.ts';
import type { SessionStore } from '../run/session.ts';
import type { PageSink, PlaceWriter } from './sink.ts';

/** lseek(2): from where the position is. */
const SEEK_CUR = 1;

/**
 * The image `pages-N.img` of a dump: a file, or a stream, which is written from its start to its end. It is opened at once.
 *
 * @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE, out of its functions
 */
export function pagesImage(name: string, store: Pick<SessionStore, 'open' | 'silence'>): PageSink {
  const fd = store.open(name, 'write');
  const stream = isStream(fd);
  const put = stream
    ? (address: number, length: number) => writeStream({ fd, name, silence: store.silence }, address, length)
    : (address: number, length: number) =>
        writing(name, length, (done) => syscall('write', fd, address + done, length - done));
  let total = 0;
  return {
    places: stream ? null : placesIn(fd, name),
    write(address, length) {
      put(address, length);
      total += length;
    },
    end() {
      closeSync(fd);
      return total;
    },
    giveUp: () => closeSync(fd),
  };
}

/** The caller's store gives the descriptor, and may have written something before. */
function placesIn(fd: number, name: string): PlaceWriter | null {
  const base = trySyscall('lseek', fd, 0, SEEK_CUR);
  if (base < 0 || getFlags(fd) & openFlag.O_APPEND) return null;
  return {
    call: (address, length, at) => ['pwrite64', fd, address, length, base + at],
    write: (address, length, at) =>
      writing(name, length, (done) => syscall('pwrite64', fd, address + done, length - done, base + at + done)),
  };
}

function writing(name: string, length: number, write: (done: number) => number): void {
  for (let done = 0; done < length; ) {
    try {
      done += write(done);
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      if (error.code !== 'EINTR') throw writeError(error, name);
    }
  }
}
