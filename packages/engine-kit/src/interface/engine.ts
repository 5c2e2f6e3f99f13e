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
  /** Milliseconds that a hook may take. The host keeps it; the engine may need to know. */
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

/** What the user lets a dump do about files that cannot be found again by their name, or that are locked. */
export interface FileOptions {
  /** How many bytes of one deleted file the images may hold. */
  readonly ghostLimit: number;
  /** Whether a file that has lost the name it was opened by, and has others, may get a new one, which stays until a restore. */
  readonly linkRemap: boolean;
  /** Whether locks and leases go into the images. */
  readonly fileLocks: boolean;
  /** Whether a terminal may be one that the tree shares with who shows it: a restore gives it another. criu(8), --shell-job */
  readonly shellJob: boolean;
  /** Whether datagram sockets may lead to names outside of the tree. criu(8), --ext-unix-sk */
  readonly extUnixSk: boolean;
  /** Resources that are left to whoever restores, by CRIU's names: `pipe[INO]`. criu(8), --external */
  readonly external: readonly string[];
  /** What becomes of TCP connections. */
  readonly tcp: TcpDumpOptions;
}

/** How packets of connections are dropped while these stand still; `skip`: not at all, the user has seen to it. criu(8), --network-lock */
export type NetworkLock = 'nftables' | 'iptables' | 'skip';

/** What a dump does about TCP connections. criu(8) */
export interface TcpDumpOptions {
  /** Take established connections, with what waits in them. --tcp-established */
  readonly established: boolean;
  /** Take connections as closed ones. --tcp-close */
  readonly close: boolean;
  /** Leave connections out that wait to be accepted. --skip-in-flight */
  readonly skipInFlight: boolean;
  /** undefined: whichever there is. */
  readonly lock: NetworkLock | undefined;
}

/** What a restore does about TCP connections. criu(8) */
export interface TcpRestoreOptions {
  /** Make established connections again. */
  readonly established: boolean;
  /** Make them as closed ones. */
  readonly close: boolean;
}

/** A descriptor of this process that takes the place of a file of the images. */
export interface InheritedFd {
  readonly fd: number;
  /**
   * CRIU's name of the file: `pipe:[INO]`, or the path of a file, with or without its first slash. criu(8), --inherit-fd
   */
  readonly key: string;
}

export interface DumpJob extends EngineJob, FileOptions {
  /** The root of the tree. */
  readonly pid: number;
  readonly leaveRunning: boolean;
  /** Also take what no loaded plugin could restore. Otherwise that is refused or, if the tree runs on, a warning. */
  readonly dumpOnly: boolean;
}

export interface RestoreJob extends EngineJob {
  /** Let the kernel choose pids. */
  readonly newPids: boolean;
  /** Restore also where the program's clocks would go backwards, because this user may not give it clocks of its own. */
  readonly allowClockBehind: boolean;
  /** Take files that have grown since the dump, where a process has them open. */
  readonly allowGrownFiles: boolean;
  /** Take the locks of the images again. */
  readonly fileLocks: boolean;
  /** Give the tree the terminal of this process in the place of one that was shown by a program outside of it. */
  readonly shellJob: boolean;
  /** Connect datagram sockets again to names outside of the tree. */
  readonly extUnixSk: boolean;
  /** What becomes of TCP connections. */
  readonly tcp: TcpRestoreOptions;
  /** Each with a key as CRIU writes it, paths without their first slash. */
  readonly inheritFd: readonly InheritedFd[];
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
