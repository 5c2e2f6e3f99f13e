import type { ImageDirectories, ImageSection } from '@criujs/plugin-sdk';
import { describe, describeThrown } from './describe.ts';
import { HostError } from './errors.ts';
import type { WriteGuard } from './writes.ts';

/** Where the parts of the image that plugins write are kept, by plugin and name. Names were checked before. */
export interface SectionStore {
  /** Writes a part as a whole or not at all, replacing what was there. */
  write(plugin: string, name: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws an error with code SECTION_MISSING, SECTION_TOO_LARGE … */
  read(plugin: string, name: string): Promise<Uint8Array>;
  stream(plugin: string, name: string): AsyncIterable<Uint8Array>;
  /** Sorted. */
  names(plugin: string): Promise<string[]>;
  /** Where a plugin's parts are real files; a store without it has no directories. `make`: the plugin's own, if it is missing. */
  directories?(plugin: string, make: boolean): Promise<ImageDirectories>;
}

/** The same store, which notes the names of the plugins that have written into it. A directory counts once it is made. */
export function watchWrites(store: SectionStore | undefined, wrote: Set<string>): SectionStore | undefined {
  if (store === undefined) return undefined;
  const { directories } = store;
  return {
    async write(plugin, name, data) {
      await store.write(plugin, name, data);
      wrote.add(plugin);
    },
    read: (plugin, name) => store.read(plugin, name),
    stream: (plugin, name) => store.stream(plugin, name),
    names: (plugin) => store.names(plugin),
    ...(directories && {
      async directories(plugin, make) {
        const found = await directories.call(store, plugin, make);
        if (make) wrote.add(plugin);
        return found;
      },
    }),
  };
}

/** What a section is made of. */
export interface SectionParts {
  readonly store: SectionStore | undefined;
  readonly plugin: string;
  /** Of what is in it. */
  readonly version: number;
  /** Whether the run writes images. */
  readonly writes: boolean;
  /** Does the writes of one call. Default: at any time. */
  readonly guard?: WriteGuard | undefined;
  /** Hears that its directories were asked for. */
  readonly touch?: (() => void) | undefined;
}

/** One plugin's view of a store, and the version of what is in it. */
export function createSection({
  store,
  plugin,
  version,
  writes,
  guard = unguarded,
  touch,
}: SectionParts): ImageSection {
  const open = (name: string): SectionStore => {
    checkName(name);
    return store ?? noStore();
  };
  return {
    version,
    write: (name, data) =>
      guard(`image.write(${describe(name)}, …)`, async (tether) => {
        await open(name).write(plugin, name, isAsyncIterable(data) ? tether(data) : data);
      }),
    writeJson: (name, value) =>
      guard(`image.writeJson(${describe(name)}, …)`, async () => {
        await open(name).write(plugin, name, new TextEncoder().encode(toJson(name, value)));
      }),
    async read(name) {
      return open(name).read(plugin, name);
    },
    async readJson<T>(name: string) {
      return parseJson(name, await open(name).read(plugin, name)) as T;
    },
    stream: (name) => closedWhenDropped(open(name).stream(plugin, name)),
    names: async () => (store ?? noStore()).names(plugin),
    directories({ make } = { make: false }) {
      touch?.();
      const find = async (): Promise<ImageDirectories | null> =>
        (await store?.directories?.(plugin, make && writes)) ?? null;
      return make && writes ? guard('image.directories({ make: true })', find) : find();
    },
  };
}

const unguarded: WriteGuard = (_, write) => write((data) => data);

function isAsyncIterable(data: unknown): data is AsyncIterable<Uint8Array> {
  return typeof Object(data)[Symbol.asyncIterator] === 'function';
}

/** Iterators that a plugin began to read: one that it drops half way still holds a file open. */
const dropped = new FinalizationRegistry<AsyncIterator<Uint8Array>>((source) => {
  void (async () => source.return?.())().catch(() => undefined);
});

function closedWhenDropped(data: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const source = data[Symbol.asyncIterator]();
      const end = async (value?: unknown): Promise<IteratorResult<Uint8Array>> => {
        dropped.unregister(iterator);
        return (await source.return?.(value)) ?? { done: true, value };
      };
      const iterator: AsyncIterableIterator<Uint8Array> = {
        next: () => source.next(),
        return: end,
        [Symbol.asyncIterator]: () => iterator,
      };
      dropped.register(iterator, source, iterator);
      return iterator;
    },
  };
}

/**
 * Lets through only what is a file's plain name on any system.
 * @throws HostError SECTION_NAME
 */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(name)) return;
  throw new HostError('SECTION_NAME', `${describe(name)} cannot name a part of the image`, {
    remedy: 'Use 1 to 200 of the characters A-Z a-z 0-9 . _ - and no leading dot.',
  });
}

function noStore(): never {
  throw new HostError('SECTION_NAME', 'there is no image directory in this run', {
    remedy: 'Give createPluginHost a directory or a section store as `images`.',
  });
}

function toJson(name: string, value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (error) {
    throw notJson(
      `${name} cannot be written as JSON: ${describeThrown(error)}`,
      'Write bigints as strings, and no cycles.',
      error,
    );
  }
  throw notJson(
    `${name} cannot be written as JSON: ${describe(value)} has no form in it`,
    'Write an object, array, string, number, boolean or null.',
  );
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw notJson(
      `${name} is not JSON: ${describeThrown(error)}`,
      'The image is damaged, or that part was not written with writeJson.',
      error,
    );
  }
}

function notJson(message: string, remedy: string, cause?: unknown): HostError {
  return new HostError('SECTION_JSON', message, { remedy, cause });
}
