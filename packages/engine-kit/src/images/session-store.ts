import type { EngineError } from '../errors/errors.ts';
import type { Silence } from '../streams/silence.ts';
import type { Swap } from './swap.ts';

/** The images of one run as its engine sees them: a directory or the caller's own ImageStore. Names have no slash. */
export interface SessionStore {
  /** The user whose images are restored, and who could have written anything into them; null: whoever restores answers for them. */
  readonly owner: number | null;
  /** The whole image. @throws EngineError IMAGE_INVALID when it is missing */
  read(name: string): Uint8Array;
  exists(name: string): boolean;
  /**
   * A real descriptor, close-on-exec, that the caller closes. 'write' makes the image empty first; 'read' may also be mapped.
   * From a
   * store of the caller's it may be a stream: a pipe or a socket, to be read or written once from its start to its end.
   */
  open(name: string, mode: 'read' | 'write'): number;
  /** Writes a whole image, replacing what was there. @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE */
  write(name: string, bytes: Uint8Array): void;
  /** Waits for a stream whose other end does nothing. */
  readonly silence: Silence;
  /** How all that was written becomes the dump. */
  readonly commit: StoreCommit;
  /** Names of all images, sorted. */
  list(): string[];
}

/** How the images of a dump become whole, in one step. */
export type StoreCommit =
  /** One rename does it, which somebody else may make. */
  | {
      readonly by: 'rename';
      /** What whoever makes it has to have: the claim lasts as long as they live. */
      readonly claim: number | null;
      /** Sees all images on the disk. @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE */
      prepare(): Swap;
      /** Whether it has been made. */
      happened(): boolean;
      /** The error for a rename that the kernel refused with this, such as `EBUSY`. */
      refused(code: string): EngineError;
      /** Makes it, while these processes run on. @throws EngineError IMAGES_UNWRITABLE */
      run(pids: readonly number[]): void;
      /** After it, whoever made it: ends what was there before. */
      settle(): void;
    }
  /** The store itself does it, and is waited for. */
  | {
      readonly by: 'store';
      /** @throws EngineError what the store failed with, HOOK_TIMEOUT, ABORTED */
      run(): void;
    };
