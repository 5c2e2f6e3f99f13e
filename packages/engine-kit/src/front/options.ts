import type { PluginLoader, RecordSink } from '@criujs/plugin-host';
import type { Plugin } from '@criujs/plugin-sdk';
import type { GivenOptions } from '../engine-options/table.ts';
import type { EngineError } from '../errors/errors.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Engine } from '../interface/engine.ts';
import type { ExitStatus, LogEntry, PlanRow } from '../interface/results.ts';
import type { NetworkLockRecord } from '../records/network-lock.ts';

/** A moment of a run, for display. */
export interface Progress {
  readonly phase: string;
  /** Milliseconds since the run began. */
  readonly elapsedMs: number;
}

/** What all runs take. */
export interface RunOptions {
  /**
   * Plugins in the order in which they are asked: npm package names, paths to `.js`, `.mjs` or `.ts` files, or plugin objects.
   *
   * `'installed'`: all that are installed in the project (`cwd` and above), beside criujs, and in the folders for all users, by name of
   * the package. If one of them cannot be loaded or is not trusted, the run is refused; name those that you want instead.
   */
  readonly plugins?: readonly (string | Plugin)[] | 'installed' | undefined;
  /** Options of plugins, by plugin name. */
  readonly pluginOptions?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The directory against which plugin names and paths, and a relative `images`, are resolved. Default: the current directory.
   */
  readonly cwd?: string | undefined;
  /** Milliseconds that a hook may take. Default 10 000. No deadline runs while an inspector is open (`--inspect`). */
  readonly hookDeadline?: number | undefined;
  /** Aborting ends the run cleanly: the target is unharmed, nothing stays half restored, and the promise rejects with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Gets plugin logs and engine warnings during the run. */
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /**
   * Records plugin calls and answers, to replay in tests: a path (0600, replaced), or a function that gets the lines in order.
   * They contain paths, names and parts of the images: keep them as private as the images.
   */
  readonly record?: string | RecordSink | undefined;
  /** Loaders that are tried before the built-in ones. */
  readonly loaders?: readonly PluginLoader[] | undefined;
  /**
   * Gets what plugins do once a run is over, where nothing could catch it: a timer that throws, a call of `process.exit`. Plugins
   * then end the process no more. Default: that takes its usual way, and an exception that nobody catches ends the process.
   */
  readonly onLateError?: ((error: EngineError) => void) | undefined;
  /**
   * If a plugin blocks the main thread for good, no error can be thrown there: the engine restores the target, writes the error
   * to descriptor 2 and ends the process. This selects the form. Default 'text'.
   *
   * If a signal ends the process itself, as when a plugin fills the heap, it says which plugin was called last. With this option it
   * then exits with the code for plugins, and 'json' reports it; without it dies by the signal.
   */
  readonly lastWords?: 'text' | 'json' | undefined;
}

/** Options of a run in which each plugin is named. */
export type NamedPlugins<O extends RunOptions = RunOptions> = Omit<O, 'plugins'> & {
  readonly plugins?: readonly (string | Plugin)[] | undefined;
};

export interface DumpOptions extends RunOptions, GivenOptions<'dump'> {
  /** The root of the tree. */
  readonly pid: number;
  /** The image directory, created (0700) if missing, or a store. */
  readonly images: string | ImageStore;
  /** Let the tree run on afterwards. Default: it ends with the dump. */
  readonly leaveRunning?: boolean | undefined;
  /**
   * Accept what none of the loaded plugins could restore: the dump is not meant to be restored with them. Default: refuse it,
   * unless `leaveRunning`.
   */
  readonly dumpOnly?: boolean | undefined;
  /** Replace an existing dump in the directory or store. It stays intact until the new one is complete. */
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
  /** Milliseconds that the tree was frozen. */
  readonly frozenMs: number;
  readonly totalMs: number;
  /** Names of the plugins that took something. */
  readonly plugins: readonly string[];
  /** How packets of its TCP connections are dropped until it is restored, or `unlockNetwork` is called. Absent: they are not. */
  readonly networkLock?: NetworkLockRecord;
  readonly warnings: readonly string[];
}

export interface RestoreOptions extends RunOptions, GivenOptions<'restore'> {
  readonly images: string | ImageStore;
  /** Leave the restored root to init. Default: it is a child of this process, and the result's `exited` resolves when it ends. */
  readonly detach?: boolean | undefined;
  /**
   * Restore images whoever wrote them, with the rights of this process. Default: images are restored with the rights of their owner:
   * root opens files as that user and gives no credentials that the user has not, and others are refused.
   */
  readonly trustImages?: boolean | undefined;
  /** Who does the work, for example `criu()` of `@criujs/criu-bridge`. Default: the embedded engine. */
  readonly engine?: Engine | undefined;
}

export interface RestoreResult {
  /** The restored root's pid now. */
  readonly pid: number;
  /** Every restored process: its old pid mapped to its new one. */
  readonly pids: ReadonlyMap<number, number>;
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
  /** Without `detach`: settles when the root ends. It never rejects. */
  readonly exited?: Promise<ExitStatus>;
}

export interface PlanOptions extends RunOptions, GivenOptions<'dump'> {
  readonly pid: number;
  /** The engine that a dump would use: it adjusts each row. Default: the embedded engine. */
  readonly engine?: Engine | undefined;
}

/** The verdict of a plan: `refused` if a row has no taker, else `conflict` if several plugins claim a resource. */
export type PlanVerdict = 'ready' | 'conflict' | 'refused';

export interface PlanResult {
  readonly pid: number;
  /** Grouped by process, parents first. */
  readonly rows: readonly PlanRow[];
  readonly verdict: PlanVerdict;
  /** Whether the verdict is `ready`: every resource has one taker, or a plugin to ask. */
  readonly possible: boolean;
}
