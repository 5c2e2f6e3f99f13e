import type { PluginHost } from '@criujs/plugin-host';
import type { Records } from '../records/records.ts';
import type { CheckResult, ExitStatus, LogEntry, PlanRow } from './results.ts';

/**
 * An engine that does the work in place of the embedded one: `dump({ …, engine })` of `@criujs/core`. The front checks the
 * options, prepares the image directory, loads the plugins and runs their init and exit; the engine calls their hooks in between.
 */
export interface Engine {
  /** For people: `CRIU`. */
  readonly name: string;
  /**
   * Dumps a tree: writes all images, calls `seal` of the host and then `commit` while the tree stands still, then lets it end or
   * run on. What it rejects with has left the tree running, and nothing committed.
   * @throws EngineError, or an error of the host that a hook failed with
   */
  dump(job: DumpJob): Promise<DumpOutcome>;
  /** Restores a tree. What it rejects with has left nothing half restored. */
  restore(job: RestoreJob): Promise<RestoreOutcome>;
  /** Tells what this engine can do here. A lack is an answer, not an error. */
  check(signal: AbortSignal | undefined): Promise<CheckResult>;
  /**
   * Whether a plugin of the engine's own may be the one that the inventory lists by this name; the engine itself sees to it that it
   * is. Default: none is, and a restore is refused unless a loaded plugin has the name.
   * @param hosted whether the run has plugins of the host, too
   */
  answersFor?(listed: string, hosted: boolean): boolean;
  /** Its own word on a row of a plan that the embedded engine made. */
  plan(row: PlanRow): PlanRow;
}

/** What an engine is given for any run. */
export interface EngineJob {
  /**
   * Where the images are: an absolute path to a directory that is there. At a dump it is an empty folder beside the image
   * directory, whose place it takes with the commit: a descriptor of it stays right, the path does not.
   */
  readonly images: string;
  /** The image directory by its own name, for messages. */
  readonly directory: string;
  /** The plugins, after their init; null: there are none. */
  readonly host: PluginHost | null;
  /** Milliseconds that a hook may take. The host keeps it; the engine may need to know. */
  readonly hookDeadlineMs: number;
  /** Aborting it ends the run: hooks that wait have failed by then. */
  readonly signal: AbortSignal;
  /** Tells people which phase begins. */
  phase(name: string): void;
  log(entry: LogEntry): void;
  /** Something that the user should know and that fails nothing. */
  warn(message: string): void;
}

export interface DumpJob extends EngineJob {
  /** The root of the tree. */
  readonly pid: number;
  readonly leaveRunning: boolean;
  /** Take also what no loaded plugin could bring back. Else that is refused, unless the tree runs on: then it is a warning. */
  readonly dumpOnly: boolean;
  /**
   * Puts the images in the place of the image directory, in one step, when all of them are written. A dump that was there stays
   * whole until then.
   * @throws EngineError IMAGES_UNWRITABLE, IMAGES_FULL: nothing has changed, and the tree must run on
   */
  commit(): void;
  /** Undoes a commit: for a tree that runs on although it should have ended. Without a commit it does nothing. @throws EngineError */
  takeBack(): void;
}

export interface RestoreJob extends EngineJob {
  /** Let the kernel choose pids. */
  readonly newPids: boolean;
  /** false: the root becomes a child of this process, and `exited` tells its end. */
  readonly detach: boolean;
  /** What `criujs.json` says; null: there is none, as in images that nobody but CRIU wrote. */
  readonly records: Records | null;
}

export interface DumpOutcome {
  readonly processes: number;
  readonly threads: number;
  /** Bytes of memory in the images. */
  readonly bytes: number;
  /** Milliseconds that the tree stood still. */
  readonly frozenMs: number;
  /** Names of the plugins that took something. */
  readonly plugins: readonly string[];
}

export interface RestoreOutcome {
  /** The root's pid now. */
  readonly pid: number;
  /** Every restored process: the pid it had to the pid it has. */
  readonly pids: readonly (readonly [old: number, now: number])[];
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  /** Without `detach`: settles when the root ends. It never rejects. */
  readonly exited?: Promise<ExitStatus>;
}
