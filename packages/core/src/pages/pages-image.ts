import { closeSync } from 'node:fs';
import { writeError, writeStream } from '@criujs/engine-kit/images';
import { isStream, LinuxError, syscall } from '@criujs/linux';
import type { SessionStore } from '../run/session.ts';
import type { PageSink } from './sink.ts';

/**
 * The image `pages-N.img` of a dump: a file or a stream, written from its start to its end. It is opened at once.
 *
 * @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE, out of its functions
 */
export function pagesImage(name: string, store: Pick<SessionStore, 'open' | 'silence'>): PageSink {
  const fd = store.open(name, 'write');
  const put = isStream(fd)
    ? (address: number, length: number) => writeStream({ fd, name, silence: store.silence }, address, length)
    : (address: number, length: number) => writeFile(fd, name, address, length);
  let total = 0;
  return {
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

function writeFile(fd: number, name: string, address: number, length: number): void {
  for (let done = 0; done < length; ) {
    try {
      done += syscall('write', fd, address + done, length - done);
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      if (error.code !== 'EINTR') throw writeError(error, name);
    }
  }
}
