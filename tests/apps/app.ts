/** Where an application runs: a folder of its own, and a port that nobody has. */
export interface Ground {
  readonly folder: string;
  readonly port: number;
}

/** Somebody who uses an application all the time, and takes no error. */
export interface Load {
  /** How often it was answered. @throws Error what went wrong */
  done(): number;
  /** Finishes what it has begun, such as a transaction. */
  stop(): Promise<void>;
}

/** An application that people run. */
export interface App {
  readonly name: string;
  /** What has to be there: commands, or absolute paths. */
  readonly needs: readonly string[];
  /** Debian's packages with these. */
  readonly packages: readonly string[];
  /** It is part of every test run; all others are run by `npm run apps`. */
  readonly inCi?: true;
  /** Runs it as nobody, where it refuses to be root's. */
  readonly asNobody?: true;
  /** Options of each dump and restore. Default: `--tcp-established`. */
  readonly options?: readonly string[];
  /** Further options of each restore. */
  readonly back?: readonly string[];
  prepare?(at: Ground): Promise<unknown>;
  /** What becomes the root of the tree. */
  command(at: Ground): readonly string[];
  /** Settles once it can be used. */
  ready(at: Ground): Promise<unknown>;
  load(at: Ground): Promise<Load>;
  /** The application's own check of its data, once its client has stopped. @throws Error */
  check?(at: Ground, done: number): Promise<unknown>;
}
