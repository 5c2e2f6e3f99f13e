import { closeSync, fstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SectionStore } from '@criujs/plugin-host';
import { checkedDescriptor, readImage, readImageOf } from '@criujs/plugin-host/engine';
import { EngineError } from '../errors.ts';
import type { ImageStore } from '../options.ts';
import { discardDump, prepareForDump, prepareForRestore } from './directory.ts';
import { writeError } from './image-file.ts';
import { inventoryName } from './image-names.ts';
import type { Control } from './link.ts';
import type { StorePlace } from './protocol.ts';
import { clearOnce } from './store.ts';
import { storeSections } from './store-sections.ts';

/** The images of one run, on the main thread. */
export interface RunImages {
  readonly place: StorePlace;
  /** Where plugins' own parts live; loads the host's code only when there are plugins. */
  sections(): Promise<SectionStore | undefined>;
  /** Serves the engine; null: there is no such image to read. */
  open(name: string, mode: 'read' | 'write'): Promise<number | null>;
  list(): Promise<readonly string[]>;
  /** A whole image, read on this thread; null: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** Removes what a failed dump wrote. Never throws. */
  discard(): Promise<void>;
}

interface Purpose {
  readonly stage: 'dump' | 'restore';
  readonly force: boolean;
  readonly cwd: string;
}

/** @throws EngineError BAD_OPTION, IMAGES_EXIST, IMAGES_UNWRITABLE, IMAGES_INCOMPLETE */
export async function openImages(images: string | ImageStore, purpose: Purpose, control: Control): Promise<RunImages> {
  if (typeof images === 'string' && images !== '') return openDirectory(resolve(purpose.cwd, images), purpose, control);
  if (typeof images === 'object' && images !== null && typeof images.open === 'function')
    return openStore(images, purpose);
  throw new EngineError('BAD_OPTION', '`images` is neither a path nor a store with an `open` function', {
    remedy: "Give a directory: images: 'path/to/directory'.",
  });
}

/** For runs without images. */
export const noImages: RunImages = {
  place: 'none',
  sections: async () => undefined,
  open: async () => null,
  list: async () => [],
  read: async () => null,
  discard: async () => undefined,
};

function openDirectory(directory: string, { stage, force }: Purpose, control: Control): RunImages {
  const made = stage === 'dump' ? prepareForDump(directory, force) : null;
  if (stage === 'restore') prepareForRestore(directory);
  return {
    ...noImages,
    place: { directory, made },
    async sections() {
      const { directorySections } = await import('@criujs/plugin-host');
      const sections = directorySections(directory);
      const beforeWriting = clearOnce(directory, control.markDirty);
      return {
        ...sections,
        async write(plugin, name, data) {
          beforeWriting();
          await sections.write(plugin, name, data);
        },
        async directories(plugin, make) {
          if (make) beforeWriting();
          return sections.directories(plugin, make);
        },
      };
    },
    read: async (name) => readImageOf(directory, name),
    async discard() {
      if (stage === 'dump') discardDump(directory, { made, wrote: control.dirty() });
    },
  };
}

async function openStore(store: ImageStore, { stage, force }: Purpose): Promise<RunImages> {
  const written = new Set<string>();
  const open = async (name: string, mode: 'read' | 'write'): Promise<number | null> => {
    if (mode === 'write') written.add(name);
    try {
      return await store.open(name, mode);
    } catch (error) {
      if (mode === 'read' && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw mode === 'write' ? writeError(error, name) : error;
    }
  };
  await checkInventory(open, stage, force);
  return {
    place: 'store',
    open,
    sections: async () => storeSections(store, open),
    read: async (name) => readWhole(await open(name, 'read'), name),
    list: async () => (await store.list?.()) ?? [...written],
    async discard() {
      // A dump that has its inventory is whole, and may be all that is left of the program.
      if (stage !== 'dump' || (written.has(inventoryName) && (await hasInventory(open).catch(() => true)))) return;
      for (const name of written) await Promise.resolve(store.remove?.(name)).catch(() => undefined);
    },
  };
}

function readWhole(fd: number | null, name: string): Uint8Array | null {
  if (fd === null) return null;
  checkedDescriptor(fd, name);
  try {
    return readImage(fd, name);
  } finally {
    closeSync(fd);
  }
}

type Open = (name: string, mode: 'read') => Promise<number | null>;

async function checkInventory(open: Open, stage: Purpose['stage'], force: boolean): Promise<void> {
  if (stage === 'dump' && force) return;
  const whole = await hasInventory(open);
  if (stage === 'dump' && whole) {
    throw new EngineError('IMAGES_EXIST', 'the store holds a dump already', {
      remedy: 'Empty it first, or set `force`.',
    });
  }
  if (stage === 'restore' && !whole) {
    throw new EngineError('IMAGES_INCOMPLETE', `the store holds no whole dump: there is no ${inventoryName}`, {
      remedy: 'Give the store that was given to the dump.',
    });
  }
}

/** An empty inventory is one that could not be written. */
async function hasInventory(open: Open): Promise<boolean> {
  const fd = await open(inventoryName, 'read');
  if (fd === null) return false;
  try {
    return fstatSync(fd).size > 0;
  } finally {
    closeSync(fd);
  }
}
