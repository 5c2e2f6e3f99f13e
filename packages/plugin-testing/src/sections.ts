import { setImmediate as nextTurn } from 'node:timers/promises';
import { HostError, type ImageVersions, type SectionStore } from '@criujs/plugin-host';
import type { Provider } from '@criujs/plugin-sdk';

/** Parts of an image by plugin and name. */
export type SectionContents = Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;

/** A store of parts that is not a directory. */
export interface MemorySections extends SectionStore {
  /** The version of what each plugin wrote, by plugin name: a dump sets it, a restore hands it to the host. */
  versions: ImageVersions;
  /** The plugins that a restore needs: a dump sets it. */
  required: readonly Provider[];
  /** A copy of all that is in it now. */
  contents(): SectionContents;
}

/** Keeps parts in memory, beginning with a copy of `initial`. */
export function memorySections(initial: SectionContents = {}, versions: ImageVersions = {}): MemorySections {
  const plugins = new Map(
    Object.entries(initial).map(([plugin, parts]) => [plugin, new Map(Object.entries(parts))] as const),
  );
  const find = (plugin: string, name: string): Uint8Array => {
    const part = plugins.get(plugin)?.get(name);
    if (part !== undefined) return part.slice();
    throw new HostError('SECTION_MISSING', `the image has no ${name} of plugin ${plugin}`, {
      plugin,
      remedy: 'Write it at the dump, or ask names() first.',
    });
  };
  return {
    versions,
    required: [],
    async write(plugin, name, data) {
      const bytes = await gather(data);
      // As long as a file takes at least: else a plugin that does not await it would be found out by real images only.
      await nextTurn();
      const parts = plugins.get(plugin) ?? new Map<string, Uint8Array>();
      plugins.set(plugin, parts.set(name, bytes));
    },
    read: async (plugin, name) => find(plugin, name),
    async *stream(plugin, name) {
      yield find(plugin, name);
    },
    names: async (plugin) => [...(plugins.get(plugin)?.keys() ?? [])].sort(),
    contents: () =>
      Object.fromEntries(
        [...plugins].map(([plugin, parts]) => [
          plugin,
          Object.fromEntries([...parts].map(([name, part]) => [name, part.slice()])),
        ]),
      ),
  };
}

async function gather(data: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (ArrayBuffer.isView(data)) return data.slice();
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) {
    if (!(chunk instanceof Uint8Array))
      throw new TypeError('a part of the image is written from a Uint8Array or an async iterable of them');
    chunks.push(chunk.slice());
  }
  return new Uint8Array(Buffer.concat(chunks));
}
