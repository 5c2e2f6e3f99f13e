import { closeSync, ftruncateSync, readdirSync } from 'node:fs';
import { isStream } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import type { Silence } from '../streams/silence.ts';
import { writeStreamBytes } from '../streams/stream.ts';
import type { CommitMark } from './commit-mark.ts';
import { commitDirectory, currentDirectory, settleDirectory } from './directory-images.ts';
import type { DirectoryPlace } from './directory-place.ts';
import { checkedDescriptor, openImage, readImage } from './image-file.ts';
import { isImageName } from './image-names.ts';
import { refuseInUse } from './in-use.ts';
import type { SessionStore } from './session-store.ts';
import { isStaging } from './staging.ts';
import { prepareSwap, swapError } from './swap.ts';
import { openForWriting, writeAll, writeError, writeWhole } from './write-image.ts';

/** Images have plain names: nothing of an image or a plugin leads out of the directory. */
function checkName(name: string): void {
  if (/^\w[\w.-]{0,254}$/.test(name)) return;
  throw new EngineError('IMAGE_INVALID', `${JSON.stringify(name)} is not the name of an image`, { resource: name });
}

function missing(name: string): EngineError {
  return new EngineError('IMAGE_INVALID', `the image ${name} is missing`, {
    remedy: 'Restore from the complete directory that the dump wrote.',
    resource: name,
  });
}

/**
 * Images in a directory that was claimed, opened by the engine's own thread.
 * @param warn of what is left of old images
 */
export function directoryStore(place: DirectoryPlace, mark: CommitMark, warn: (message: string) => void): SessionStore {
  const directory = currentDirectory(place, mark);
  const openToRead = (name: string): number | null => {
    checkName(name);
    return openImage(directory, name, place.owner);
  };
  return {
    owner: place.owner,
    read(name) {
      return readAndClose(openToRead(name) ?? fail(name), name);
    },
    exists(name) {
      const fd = openToRead(name);
      if (fd !== null) closeSync(fd);
      return fd !== null;
    },
    open(name, mode) {
      if (mode === 'read') return openToRead(name) ?? fail(name);
      checkName(name);
      return openForWriting(directory, name, place.directory);
    },
    write(name, bytes) {
      checkName(name);
      writeWhole(directory, name, bytes, place.directory);
    },
    list: () => readdirSync(directory).filter(isImageName).sort(),
    silence: noStream,
    commit: {
      by: 'rename',
      claim: place.claim,
      prepare: () => prepareSwap(place),
      happened: () => isStaging(place.directory, place.identity),
      refused: (code) => swapError(place.directory, code),
      run(pids) {
        refuseInUse(place.directory, pids);
        commitDirectory(place, mark);
      },
      settle() {
        mark.markCommitted(true);
        settleDirectory(place, warn);
      },
    },
  };
}

function fail(name: string): never {
  throw missing(name);
}

function noStream(name: string): never {
  throw new EngineError('INTERNAL', `${name} is not a stream`);
}

function readAndClose(fd: number, name: string): Uint8Array {
  try {
    return readImage(fd, name);
  } finally {
    closeSync(fd);
  }
}

/** What the main thread does for a store of the caller's. */
export interface StoreAsker {
  /** null: there is no such image to read. */
  open(name: string, mode: 'read' | 'write'): number | null;
  list(): readonly string[];
  commit(): void;
}

/**
 * Images in the caller's own store, opened by the main thread. What is read whole comes in a file, since that thread has read
 * streams of such images to their ends.
 */
export function askedStore(asker: StoreAsker, mark: CommitMark, silence: Silence): SessionStore {
  const openToRead = (name: string): number => {
    checkName(name);
    const fd = asker.open(name, 'read') ?? fail(name);
    return isStream(fd) ? fd : checkedDescriptor(fd, name);
  };
  const openToWrite = (name: string): number => {
    checkName(name);
    const fd = asker.open(name, 'write');
    if (fd === null)
      throw new EngineError('IMAGES_UNWRITABLE', `the store returned no descriptor to write ${name}`, {
        resource: name,
      });
    return fd;
  };
  return {
    owner: null,
    read: (name) => readAndClose(openToRead(name), name),
    exists(name) {
      checkName(name);
      const fd = asker.open(name, 'read');
      if (fd !== null) closeSync(fd);
      return fd !== null;
    },
    open: (name, mode) => (mode === 'read' ? openToRead(name) : openToWrite(name)),
    write(name, bytes) {
      const fd = openToWrite(name);
      try {
        if (isStream(fd)) writeStreamBytes({ fd, name, silence }, bytes);
        else writeFile(fd, name, bytes);
      } finally {
        closeSync(fd);
      }
    },
    commit: {
      by: 'store',
      run() {
        asker.commit();
        mark.markCommitted(true);
      },
    },
    list: () => [...asker.list()].sort(),
    silence,
  };
}

function writeFile(fd: number, name: string, bytes: Uint8Array): void {
  try {
    writeAll(fd, bytes);
  } catch (error) {
    // Half an image is worse than none.
    ftruncateSync(fd, 0);
    throw writeError(error, name);
  }
}

/** A run without images, such as a plan. */
export function noStore(): SessionStore {
  const none = (): never => {
    throw new EngineError('INTERNAL', 'this run has no images');
  };
  return {
    owner: null,
    read: none,
    exists: () => false,
    open: none,
    write: none,
    commit: { by: 'store', run: none },
    list: () => [],
    silence: noStream,
  };
}
