import type { PluginLoader, RecordSink } from '@criujs/plugin-host';
import type { Plugin } from '@criujs/plugin-sdk';
import type { ImageStore } from '../images/image-store.ts';
import type { Engine } from '../interface/engine.ts';
import type { ExitStatus, LogEntry, PlanRow } from '../interface/results.ts';

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

/** What a dump may do about files that cannot be found again by their name. */
export interface DumpFileOptions {
  /** How many bytes of one deleted file the images may hold; a larger one is refused. Default 1 MiB, as in CRIU. */
  readonly ghostLimit?: number | undefined;
  /**
   * Give a file that has lost the name it was opened by, and has others, a new one beside it (`link_remap.N`), which the restore
   * removes. Default: such a file is refused.
   */
  readonly linkRemap?: boolean | undefined;
}

export interface DumpOptions extends RunOptions, DumpFileOptions {
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

export interface PlanOptions extends RunOptions, DumpFileOptions {
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
