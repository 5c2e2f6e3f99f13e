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

/** Not a symbol: the compiler would not take what another copy of the SDK has made. */
const laterKey = '@criujs/later';

/** The type of what {@link later} makes. `Result`: what the hook answers now. */
export interface Later<Result> {
  readonly [laterKey]: PromiseLike<unknown>;
  readonly result: Result;
}

/**
 * A hook of a restore returns this if some of its work may go on while the rest is restored: the promise is awaited before any process
 * runs, before RESUME_DEVICES_LATE. From the moment at which the engine waits for it, it has the time of one call. If it rejects, the restore
 * fails; `context.signal` of the call is aborted if the restore fails or the time is over. `exit` is called when it has settled.
 * @param result what the hook answers now, for example the descriptor
 */
export function later(work: PromiseLike<unknown>): Later<undefined>;
export function later<Result>(work: PromiseLike<unknown>, result: Result): Later<Result>;
export function later(work: PromiseLike<unknown>, result?: unknown): Later<unknown> {
  return Object.freeze({ [laterKey]: work, result });
}

/** The work and the answer of what {@link later} of any copy of the SDK made; undefined: it is none. */
export function laterOf(
  answer: unknown,
): { readonly work: PromiseLike<unknown>; readonly result: unknown } | undefined {
  if (typeof answer !== 'object' || answer === null || !Object.hasOwn(answer, laterKey)) return undefined;
  const { [laterKey]: work, result } = answer as Later<unknown>;
  return { work, result };
}

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
