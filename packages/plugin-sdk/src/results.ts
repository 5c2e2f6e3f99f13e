import type { Brand } from './ids.ts';

/*
 * Symbol.for: two copies of the SDK have the same ones. Not `unique symbol`: the compiler widens those to `symbol` in
 * `async () => notSupported`, and those of two copies would be different types.
 */

/** The type of {@link notSupported}. */
export type NotSupported = Brand<symbol, 'notSupported'>;
/** The type of {@link retryLater}. */
export type RetryLater = Brand<symbol, 'retryLater'>;

/**
 * A handler returns this to decline: the next plugin is asked. `undefined` cannot mean that, because some hooks return nothing.
 */
export const notSupported: NotSupported = Symbol.for('@criujs/not-supported') as NotSupported;

/** RESTORE_EXT_FILE returns this if it needs another file first: the hook is called again once others are restored. */
export const retryLater: RetryLater = Symbol.for('@criujs/retry-later') as RetryLater;

/**
 * What a hook that opens a file returns. The host owns a number and closes it once the file is in place; with an object the
 * plugin keeps the descriptor, and its `close` is called then. Open one for each answer: the host refuses 0 to 2, the engine's own, one
 * that was answered before, and a bare number that was open before any plugin was loaded.
 */
export type Descriptor = number | OwnedDescriptor;

/** A descriptor that its creator closes. */
export interface OwnedDescriptor {
  readonly fd: number;
  close(): void | Promise<void>;
}

/** What RESTORE_EXT_MOUNT returns for the engine to mount: what the mount point shows afterwards. */
export interface MountSource {
  /**
   * An absolute path of a file or directory, as the plugin's own process sees it. It is bind-mounted at the mount point
   * (mount(2), MS_BIND) without the mounts below it.
   */
  readonly source: string;
}

/** What UPDATE_VMA_MAP returns: what the memory map is made from now. Without `fd` the path is opened as before. */
export interface VmaSource {
  /** The new offset in bytes. */
  readonly offset: bigint | number;
  readonly fd?: Descriptor;
}
