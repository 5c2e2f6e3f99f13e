import type { CriuError } from './errors.ts';

/** What the run does. `pre-dump` only saves memory and lets the tree run on. */
export type Stage = 'dump' | 'pre-dump' | 'restore';

/** How the run went, for `exit` to clean up. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: CriuError };

/** Where a plugin's messages go: the log of the run, marked with plugin and hook. */
export interface Logger {
  debug(message: string, details?: LogDetails): void;
  info(message: string, details?: LogDetails): void;
  warn(message: string, details?: LogDetails): void;
  error(message: string, details?: LogDetails): void;
}

export type LogLevel = keyof Logger;
/** Values that belong to a message, by name. */
export type LogDetails = Readonly<Record<string, unknown>>;

/** What every function of a plugin gets besides its argument. */
export interface Context<O = unknown> {
  readonly stage: Stage;
  /** The plugin's options as its schema returned them, or without a schema as the user passed them. */
  readonly options: O;
  readonly log: Logger;
  /** Aborts when the deadline of this call has passed or the run is cancelled. A later answer is ignored. */
  readonly signal: AbortSignal;
  readonly image: ImageSection;
  /**
   * Marks this plugin as required in the images: a restore without it is refused, whatever it took or wrote. Works at a dump, in
   * any call but `exit`; otherwise it does nothing. `add_inventory_plugin()` in C.
   */
  require(): void;
}

/**
 * This plugin's own part of the image directory, and nothing outside of it. A name has 1 to 200 of the characters
 * `A-Z a-z 0-9 . _ -` and no leading dot. A part is there as a whole or not at all.
 *
 * Await every write: one that is open when the hook answers fails the hook, and one that comes after the answer is refused and
 * fails the dump.
 */
export interface ImageSection {
  /**
   * The version of its contents. At a dump the plugin's own `imageVersion`; at a restore the version that it was written with,
   * never more than the plugin's own. It is 1 if the images do not record it (CRIU's images, dumps of older releases).
   */
  readonly version: number;
  writeJson(name: string, value: unknown): Promise<void>;
  readJson<T = unknown>(name: string): Promise<T>;
  write(name: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** The whole part; use {@link ImageSection.stream} for large ones. */
  read(name: string): Promise<Uint8Array>;
  stream(name: string): AsyncIterable<Uint8Array>;
  /** Names of all parts, sorted. */
  names(): Promise<string[]>;
  /**
   * Real directories, for a plugin that passes one to a program or library that opens files itself. null: the images are in a
   * store without directories. `make`, at a dump, creates the plugin's own; like a part that is written, it replaces an older
   * dump.
   */
  directories(how?: { readonly make: boolean }): Promise<ImageDirectories | null>;
}

/** Where the images are. Both paths are absolute. When a dump is complete, its directory is renamed: ask again in `exit`. */
export interface ImageDirectories {
  /** The directory of this plugin's parts: files in it are parts as well. null: there is none. */
  readonly own: string | null;
  /** The image directory itself. Its contents belong to the engine and other plugins. */
  readonly images: string;
}
