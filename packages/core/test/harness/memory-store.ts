import { closeSync, openSync } from 'node:fs';
import type { ImageStore, ImageTransaction } from '@criujs/core';
import { duplicate, memfd } from '@criujs/linux';

/** A store that keeps images in memory, and one dump at a time. */
export interface MemoryStore extends ImageStore {
  /** Names of the images that it holds for everybody. */
  names(): string[];
  /** Who has a claim now. */
  claims(): { readonly dumps: number; readonly restores: number };
  close(): void;
}

/** What a store of a test does at its own pace. */
export interface MemoryStoreOptions {
  /** Called before each answer: a slow store waits here, one that fails throws. */
  readonly before?: (what: 'begin' | 'open' | 'commit' | 'abort', name?: string) => void | Promise<void>;
}

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });

export function memoryStore({ before = () => undefined }: MemoryStoreOptions = {}): MemoryStore {
  let held: ReadonlyMap<string, number> = new Map();
  let dumps = 0;
  let restores = 0;
  const closeAll = (files: ReadonlyMap<string, number>): void => {
    for (const fd of files.values()) closeSync(fd);
  };

  const transaction = (stage: 'dump' | 'restore'): ImageTransaction => {
    const written = new Map<string, number>();
    const files = (): ReadonlyMap<string, number> => (stage === 'dump' ? written : held);
    let ended = false;
    const end = (): void => {
      ended = true;
      if (stage === 'dump') dumps -= 1;
      else restores -= 1;
    };
    return {
      async open(name, mode) {
        await before('open', name);
        if (mode === 'write') {
          const fd = memfd(name, Buffer.alloc(0));
          const old = written.get(name);
          if (old !== undefined) closeSync(old);
          written.set(name, fd);
          return duplicate(fd);
        }
        const fd = files().get(name);
        if (fd === undefined) throw errorOf('ENOENT');
        return openSync(`/proc/self/fd/${fd}`, 'r');
      },
      list: () => [...files().keys()],
      async commit() {
        await before('commit');
        // It was given up meanwhile.
        if (ended) throw errorOf('ECANCELED');
        closeAll(held);
        held = written;
        end();
      },
      async abort() {
        await before('abort');
        if (ended) return;
        if (stage === 'dump') closeAll(written);
        end();
      },
    };
  };

  return {
    async begin(purpose) {
      await before('begin');
      if (dumps > 0 || (purpose.stage === 'dump' && restores > 0)) throw errorOf('EBUSY');
      if (purpose.stage === 'dump' && held.size > 0 && !purpose.force) throw errorOf('EEXIST');
      if (purpose.stage === 'dump') dumps += 1;
      else restores += 1;
      return transaction(purpose.stage);
    },
    names: () => [...held.keys()].sort(),
    claims: () => ({ dumps, restores }),
    close() {
      closeAll(held);
      held = new Map();
    },
  };
}
