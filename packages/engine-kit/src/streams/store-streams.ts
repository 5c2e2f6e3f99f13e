import { closeSync } from 'node:fs';
import { duplicate, isStream } from '@criujs/linux';
import { isPagesName } from '../images/image-names.ts';
import { largestImage } from '../images/image-sizes.ts';
import type { Purpose } from '../images/run-images.ts';
import { largestPart } from '../images/store-sections.ts';
import { recordsName } from '../records/records.ts';
import { type StreamLimits, spool } from './spool.ts';

/** The images of a store that came as streams. */
export interface StoreStreams {
  /** One more descriptor of an image that came before, to be read by positions; null: it did not come, or not as a stream. */
  again(name: string): number | null;
  /**
   * Makes a file in memory of a stream that it reads to its end, so that the image can be read as often as it takes. Pages stay a
   * stream, and so does whatever is none.
   * @throws EngineError IMAGE_INVALID, HOOK_TIMEOUT, ABORTED
   */
  asFile(fd: number, name: string): Promise<number>;
  close(): void;
}

/** Keeps what came as a stream until a restore ends, so that nobody asks a store for it twice. A dump may write it anew. */
export function openStreams(limits: StreamLimits & Pick<Purpose, 'stage'>): StoreStreams {
  const files = new Map<string, number>();
  return {
    again(name) {
      const fd = files.get(name);
      return fd === undefined ? null : duplicate(fd);
    },
    async asFile(fd, name) {
      if (isPagesName(name) || !isStream(fd)) return fd;
      const file = await spool(fd, name, mostBytes(name), limits);
      if (limits.stage === 'dump') return file;
      files.set(name, file);
      return duplicate(file);
    },
    close() {
      for (const fd of files.values()) closeSync(fd);
      files.clear();
    },
  };
}

/** A plugin's own parts are named `criujs.PLUGIN.NAME`. */
function mostBytes(name: string): number {
  return name.startsWith('criujs.') && name !== recordsName ? largestPart : largestImage(name);
}
