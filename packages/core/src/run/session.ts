import type { HookAnswer } from '@criujs/plugin-host';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import type { HookArgs, HookName } from '@criujs/plugin-sdk';
import type { EngineError } from '../errors.ts';
import type { Silence } from '../streams/silence.ts';
import type { PluginNames } from './protocol.ts';
import type { Swap } from './swap.ts';

/**
 * What every step of the engine gets. The engine runs as plain synchronous code in its own thread; hooks run on the
 * main thread, and these functions wait for them. All of them throw EngineError.
 */
export interface Session {
  readonly hooks: SessionHooks;
  readonly store: SessionStore;
  /** Says which phase of the run begins: progress for people, a place to die for crash tests. Throws when the run was aborted. */
  phase(name: string): void;
  /** The same behind the point of no return: an abort comes too late, and is not heard. */
  finalPhase(name: string): void;
  /** Throws EngineError ABORTED when the run was aborted. */
  checkAborted(): void;
  /** What the run waits for, when it takes long: told at once, and no part of the result. */
  notice(message: string): void;
  /** Something that the user should know and that fails nothing; it is in the result's `warnings`. */
  warn(message: string): void;
}

/** The plugins, seen from the engine's thread. */
export interface SessionHooks {
  /** All that are loaded, in the order in which they are asked. */
  readonly plugins: readonly PluginNames[];
  /** Whether a loaded plugin has this hook at all. */
  serves(name: HookName): boolean;
  /** What the images are to say of each plugin, once all of them have done their work. `took`: those that took a resource. */
  record(took: readonly string[]): readonly PluginRecord[];
  /**
   * Calls a hook and waits for its answer. A descriptor in the answer is a number that is valid here and stays open until
   * the run ends: duplicate it to keep it.
   * @throws EngineError with plugin, hook and resource: HOOK_TIMEOUT, HOOK_FAILED, PLUGIN_MISSING, ABORTED …
   */
  call<N extends HookName>(name: N, args: HookArgs<N>, how?: HookCallOptions): HookAnswer<N>;
  /**
   * Called just before a dump counts.
   * @throws EngineError what plugins did outside of their calls, a write into the image after the answer for example
   */
  seal(): void;
}

export interface HookCallOptions {
  /** The plugin that dumped this resource: asked first, and missed by name. */
  readonly provider?: string;
  /** For the error when it is missing. */
  readonly providerVersion?: string | null;
  /** The resource in words, for errors. */
  readonly resource?: string;
}

/** The images of this run: a directory or the caller's own ImageStore. Names have no slash. */
export interface SessionStore {
  /** The whole image. @throws EngineError IMAGE_INVALID when it is missing */
  read(name: string): Uint8Array;
  exists(name: string): boolean;
  /**
   * A real descriptor, close-on-exec, that the caller closes. 'write' makes the image empty first; 'read' may also be mapped. From a
   * store of the caller's it may be a stream: a pipe or a socket, to be read or written once from its start to its end.
   */
  open(name: string, mode: 'read' | 'write'): number;
  /** Writes a whole image, replacing what was there. @throws EngineError IMAGES_FULL, IMAGES_UNWRITABLE */
  write(name: string, bytes: Uint8Array): void;
  /** Bears with a stream whose other end does nothing. */
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
