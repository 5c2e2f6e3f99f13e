import type { EngineOptions } from '../engine-options/table.ts';
import type { RunPlugins } from '../front/plugins.ts';
import type { RunImages } from '../images/run-images.ts';
import type { NetworkLockRecord } from '../records/network-lock.ts';
import type { CheckResult, ExitStatus, LogEntry, PlanRow } from './results.ts';

/**
 * Who does the work of a run: `dump({ …, engine })` of `@criujs/core`. The front checks the options, claims the images, loads the
 * plugins and makes the result; the engine says when the plugins start and finish, and calls their hooks in between. One that
 * works
 * on the main thread and in a folder is easier written as a `FolderEngine`.
 */
export interface Engine {
  /** For people: `CRIU`. */
  readonly name: string;
  /** It keeps images in directories only: a run with an `ImageStore` is refused. */
  readonly foldersOnly?: boolean;
  /**
   * Dumps a tree: writes all images, calls `seal` of the host and then commits while the tree is stopped, then lets it end or
   * run
   * on. What it rejects with has left the tree running, and nothing committed.
   * @throws EngineError, or an error of the host that a hook failed with
   */
  dump(job: DumpJob): Promise<DumpOutcome>;
  /** Restores a tree. What it rejects with has left nothing half restored. */
  restore(job: RestoreJob): Promise<RestoreOutcome>;
  /** Tells what this engine can do here. A lack is an answer, not an error. */
  check(signal: AbortSignal | undefined): Promise<CheckResult>;
  /** Its own word on a row of a plan that the embedded engine made. */
  plan(row: PlanRow): PlanRow;
}

/** What an engine is given for any run. */
export interface EngineJob {
  /** The images, claimed for this run until it ends. */
  readonly images: Omit<RunImages, 'close'>;
  /** The plugins, which load already. The engine starts them, and finishes them whatever comes. */
  readonly plugins: RunPlugins;
  /**
   * Milliseconds that a hook may take. The host keeps it; the engine may need to know. While an inspector is open it is as long as
   * a timer can be.
   */
  readonly hookDeadlineMs: number;
  /** How the error of a process is told that a plugin blocks for good. */
  readonly lastWords: 'text' | 'json';
  /** Aborting it ends the run. */
  readonly signal: AbortSignal;
  /** Tells people which phase begins. */
  phase(name: string): void;
  log(entry: LogEntry): void;
  /** Warns the user without failing the run: reported now, and with the result. */
  warn(message: string): void;
}

export interface DumpJob extends EngineJob, EngineOptions<'dump'> {
  /** The root of the tree. */
  readonly pid: number;
  readonly leaveRunning: boolean;
  /** Also take what no loaded plugin could restore. Otherwise that is refused or, if the tree runs on, a warning. */
  readonly dumpOnly: boolean;
}

export interface RestoreJob extends EngineJob, EngineOptions<'restore'> {
  /** false: the root becomes a child of this process, and `exited` resolves when it ends. */
  readonly detach: boolean;
}

/** What every run comes to. */
interface Outcome {
  /** What the engine has told while it worked, and what belongs to the result nevertheless. */
  readonly warnings?: readonly string[];
}

export interface DumpOutcome extends Outcome {
  readonly processes: number;
  readonly threads: number;
  /** Bytes of memory in the images. */
  readonly bytes: number;
  /** Milliseconds that the tree was frozen. */
  readonly frozenMs: number;
  /** Names of the plugins that took something. */
  readonly plugins: readonly string[];
  /** How packets of TCP connections are dropped from now on. */
  readonly networkLock?: NetworkLockRecord;
}

export interface RestoreOutcome extends Outcome {
  /** The root's pid now. */
  readonly pid: number;
  /** Every restored process: its old pid mapped to its new one. */
  readonly pids: readonly (readonly [old: number, now: number])[];
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  /** Without `detach`: settles when the root ends. It never rejects. */
  readonly exited?: Promise<ExitStatus>;
}
