import { closeSync } from 'node:fs';
import { isStream } from '@criujs/linux';
import type { SectionStore } from '@criujs/plugin-host';
import { EngineError } from '../errors/errors.ts';
import { pour, type StreamLimits } from '../streams/spool.ts';
import { checkedDescriptor, readImage } from './image-file.ts';
import type { ImageTransaction } from './image-store.ts';
import { writeAll } from './write-image.ts';

/** Bytes that a streamed part is cut into. */
const chunkBytes = 64 * 1024;

/** Bytes of the largest part: it is held in memory, also where it is streamed. */
export const largestPart: number = 1024 * 1024 * 1024;

/** Plugins' parts in a store of the caller's: images named `criujs.PLUGIN.NAME`. A plugin's name has no dot. */
export function storeSections(
  store: Pick<ImageTransaction, 'list'>,
  open: (name: string, mode: 'read' | 'write') => Promise<number | null>,
  limits: StreamLimits,
): SectionStore {
  const prefixOf = (plugin: string): string => `criujs.${plugin}.`;
  const read = async (plugin: string, name: string): Promise<Uint8Array> => {
    const fd = await open(prefixOf(plugin) + name, 'read');
    if (fd === null)
      throw new EngineError('IMAGE_INVALID', `plugin ${plugin} has no part named ${name}`, { plugin, resource: name });
    return withFd(checkedDescriptor(fd, name), (it) => readImage(it, name, largestPart));
  };
  return {
    read,
    async write(plugin, name, data) {
      const fd = await open(prefixOf(plugin) + name, 'write');
      if (fd === null)
        throw new EngineError(
          'IMAGES_UNWRITABLE',
          `the store returned no descriptor to write ${name} of plugin ${plugin}`,
        );
      try {
        const streams = isStream(fd);
        for await (const chunk of data instanceof Uint8Array ? [data] : data) {
          if (streams) await pour(fd, name, chunk, limits);
          else writeAll(fd, chunk);
        }
      } finally {
        closeSync(fd);
      }
    },
    async *stream(plugin, name) {
      yield* slices(await read(plugin, name));
    },
    async names(plugin) {
      if (store.list === undefined) {
        throw new EngineError('BAD_OPTION', `plugin ${plugin} lists its parts, and the store has no list()`, {
          plugin,
        });
      }
      const names = await store.list();
      const prefix = prefixOf(plugin);
      return names
        .filter((it) => it.startsWith(prefix))
        .map((it) => it.slice(prefix.length))
        .sort();
    },
  };
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes);
}

function withFd<T>(fd: number, work: (fd: number) => T): T {
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
