import type { SessionStore } from '../../run/session.ts';

/** All images of a dump but the pages and what is read while it is written. */
export interface SmallImages {
  /** @param encode is called when the image is written: what it uses must not change until then */
  add(name: string, encode: () => Uint8Array): void;
  /** Writes what waits. @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE, ABORTED */
  write(): void;
}

/**
 * Takes small images, and writes each when it comes, in the order that a stream needs; or lets them wait until the tree runs on, so
 * that nothing stands still while they are encoded and written.
 */
export function smallImages(store: SessionStore, wait: boolean): SmallImages {
  const waiting: { readonly name: string; readonly encode: () => Uint8Array }[] = [];
  return {
    add(name, encode) {
      if (wait) waiting.push({ name, encode });
      else store.write(name, encode());
    },
    write() {
      for (const { name, encode } of waiting.splice(0)) store.write(name, encode());
    },
  };
}
