import type { Engine, ExitStatus, LogEntry, PlanRow } from '@criujs/engine-kit';
import type { PluginLoader, RecordSink } from '@criujs/plugin-host';
import type { Plugin } from '@criujs/plugin-sdk';

export type { ExitStatus, LogEntry, PlanRow, PlanSubject, Taker } from '@criujs/engine-kit';

/**
 * Images that do not live in a directory: the caller's own place for one dump. All functions run on the caller's thread, and each
 * has `hookDeadline` milliseconds to answer.
 */
export interface ImageStore {
  /**
   * Claims the store for one run, until `commit` or `abort`, or until this process ends. For a dump it throws an error with
   * code `EBUSY` when any other run has a claim, and with code `EEXIST` when there is a dump and `force` is not set; for a restore
   * it throws `EBUSY` when a dump has a claim. Errors with these codes become IMAGES_BUSY and IMAGES_EXIST.
   */
  begin(purpose: ImagePurpose): ImageTransaction | Promise<ImageTransaction>;
}

/** What a store is opened for. */
export type ImagePurpose = { readonly stage: 'dump'; readonly force: boolean } | { readonly stage: 'restore' };

/**
 * The images of one run in an {@link ImageStore}. Names are those of CRIU's images and have no slash; parts that plugins wrote are
 * named `criujs.PLUGIN.NAME`.
 *
 * A descriptor may be that of a file (a regular file, a memfd), or of a stream: a pipe, a FIFO, or a stream socket. The run reads and
 * writes a stream once, from its start to its end, never sets its flags, and waits for its other end as long as it heeds an abort: a
 * stream through which nothing goes for `hookDeadline` milliseconds fails the run with HOOK_TIMEOUT. Nobody else may use it meanwhile.
 * The other end may be served by the caller's thread. What is written to a stream arrives whole by its end; a `commit` waits for that.
 *
 * A dump writes images one after the other: the small ones first, `inventory.img` as the last of these, then `pages-N.img`. A restore
 * reads the small ones first, asks once for each that comes as a stream, and reads it whole within `hookDeadline`. Then it opens
 * `pages-N.img`, all of them before the first process is made, and reads them one after the other, in the order of the dump. A file of
 * pages is the faster one: tasks read it themselves, and its size is checked before any of them is made; a stream that ends too early
 * fails the restore when it does, and what was made is ended.
 *
 * What a dump writes is seen by nobody else before `commit`. Whatever happens before it, the store holds what it held, and the tree
 * runs on. A process that ends between the commit and the end of the tree leaves a whole dump and, for a moment or for good, the
 * running tree.
 */
export interface ImageTransaction {
  /**
   * Opens an image and gives a real descriptor (file, pipe …) that the run closes. 'write' creates it, or empties it; 'read' gives
   * what this run wrote, or at a restore what the store holds. 'read' of an image that is not there throws an error with code
   * `ENOENT`.
   */
  open(name: string, mode: 'read' | 'write'): number | Promise<number>;
  /** Names of all images. Only needed by plugins that list their own parts. */
  list?(): readonly string[] | Promise<readonly string[]>;
  /**
   * Makes all that was written the dump that the store holds, in one step, in place of an older one; when it settles, that must be
   * safe. All descriptors are closed by then. The tree stands still meanwhile, and ends only afterwards. Called once, by a dump only.
   */
  commit(): void | Promise<void>;
  /**
   * Gives the run up: the store holds what it held before. It also ends a restore. A `commit` that throws, is not answered in time
   * or is overtaken by the run's abort is followed by it, while it may still be at work: then it must not come into effect.
   */
  abort(): void | Promise<void>;
}

/** A moment of a run, for people to look at. */
export interface Progress {
  readonly phase: string;
  /** Milliseconds since the run began. */
  readonly elapsedMs: number;
}

/** What all runs take. */
export interface RunOptions {
  /** Plugins in the order in which they are asked: names of npm packages, paths to `.js`, `.mjs` or `.ts` files, or the plugins themselves. */
  readonly plugins?: readonly (string | Plugin)[] | undefined;
  /** Options of plugins, by plugin name. */
  readonly pluginOptions?: Readonly<Record<string, unknown>> | undefined;
  /** Where names and paths of plugins, and a relative `images`, are resolved from. Default: the current directory. */
  readonly cwd?: string | undefined;
  /** Milliseconds that a hook may take. Default 10 000. */
  readonly hookDeadline?: number | undefined;
  /** Aborting ends the run cleanly: the target is unharmed, nothing is half restored, and the promise rejects with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** What plugins log, and what the engine warns of while it runs. */
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /**
   * Keeps the calls of plugins and their answers, for a replay in tests: a path (0600, replaced), or a function that gets the lines
   * in order. They hold paths, names and parts of the images: keep them as private as those.
   */
  readonly record?: string | RecordSink | undefined;
  /** Ways of loading plugins that are tried before the usual ones. */
  readonly loaders?: readonly PluginLoader[] | undefined;
  /**
   * A plugin that blocks the main thread for good cannot be thrown at: the engine puts the target right, writes the error to
   * descriptor 2 and ends the whole process. This says in which form. Default 'text'.
   */
  readonly lastWords?: 'text' | 'json' | undefined;
}

export interface DumpOptions extends RunOptions {
  /** The root of the tree. */
  readonly pid: number;
  /** The image directory, made (0700) when it is missing, or a store. */
  readonly images: string | ImageStore;
  /** Let the tree run on afterwards. Default: it ends with the dump. */
  readonly leaveRunning?: boolean | undefined;
  /** The dump is not meant to be restored with these plugins: take also what none of them could bring back. Default: refuse it, unless `leaveRunning`. */
  readonly dumpOnly?: boolean | undefined;
  /** Replace a dump that the directory or store holds. It stays whole until the new one is. */
  readonly force?: boolean | undefined;
  /** Who does the work, for example `criu()` of `@criujs/criu-bridge`. Default: the embedded engine. */
  readonly engine?: Engine | undefined;
}

export interface DumpResult {
  /** The root's pid. */
  readonly pid: number;
  readonly processes: number;
  readonly threads: number;
  /** Bytes of memory in the images. */
  readonly bytes: number;
  /** Milliseconds that the tree stood still. */
  readonly frozenMs: number;
  readonly totalMs: number;
  /** Names of the plugins that took something. */
  readonly plugins: readonly string[];
  readonly warnings: readonly string[];
}

export interface RestoreOptions extends RunOptions {
  readonly images: string | ImageStore;
  /** Leave the restored root to init. Default: it is a child of this process, and the result's `exited` tells its end. */
  readonly detach?: boolean | undefined;
  /** Let the kernel choose pids: needs no right. Programs that remember their own pid notice. */
  readonly newPids?: boolean | undefined;
  /** Who does the work, for example `criu()` of `@criujs/criu-bridge`. Default: the embedded engine. */
  readonly engine?: Engine | undefined;
}

export interface RestoreResult {
  /** The restored root's pid now. */
  readonly pid: number;
  /** Every restored process: the pid it had to the pid it has. */
  readonly pids: ReadonlyMap<number, number>;
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
  /** Without `detach`: settles when the root ends. It never rejects. */
  readonly exited?: Promise<ExitStatus>;
}

export interface PlanOptions extends RunOptions {
  readonly pid: number;
  /** The engine that a dump would have: it says what it makes of each row. Default: the embedded engine. */
  readonly engine?: Engine | undefined;
}

/** What a plan comes to: `refused` if a row has no taker, else `conflict` if plugins claim the same. */
export type PlanVerdict = 'ready' | 'conflict' | 'refused';

export interface PlanResult {
  readonly pid: number;
  /** Grouped by process, parents first. */
  readonly rows: readonly PlanRow[];
  readonly verdict: PlanVerdict;
  /** Whether the verdict is `ready`: every resource has one taker, or somebody to ask. */
  readonly possible: boolean;
}

// What the engine's own functions take and give: `dumpTree(options, session)` and its siblings in `engine/`.

export interface EngineDumpOptions {
  readonly pid: number;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
}

export interface DumpOutcome {
  readonly root: number;
  readonly processes: number;
  readonly threads: number;
  readonly bytes: number;
  readonly frozenMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
  readonly plugins: readonly string[];
}

export interface EngineRestoreOptions {
  readonly newPids: boolean;
  /** false: the root becomes a child of this process (CLONE_PARENT) and is waited for by the run. */
  readonly detach: boolean;
}

export interface RestoreOutcome {
  readonly pid: number;
  readonly pids: readonly (readonly [old: number, now: number])[];
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
}
