/** The shape of every criujs error. Compare `code`, never classes: there may be two copies of a package. */
export interface CriuError extends Error {
  /** Stable: programs may compare it. */
  readonly code: string;
  /** What a person can do about it. */
  readonly remedy?: string;
  readonly pid?: number;
  readonly resource?: string;
  readonly plugin?: string;
  readonly hook?: string;
  /** What code of a plugin threw, if that is why. */
  readonly thrown?: Thrown;
}

/** A place in source code, as its author wrote it: not in what a compiler made of it. */
export interface CodePlace {
  /** An absolute path. It need not exist: a package may come without its sources. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The function around it, if it has a name. */
  readonly function?: string;
}

/** What code of a plugin threw, as plain data of a limited size. */
export interface Thrown {
  /** The name of the error, such as `TypeError`; of another value its type. */
  readonly name: string;
  readonly message: string;
  /** A string or number that the error has as its `code`. */
  readonly code?: string | number;
  /** Where in the plugin's own code; absent: its stack does not say. */
  readonly at?: CodePlace;
  /** The calls that led there, as far as they are the plugin's own code, the innermost first. */
  readonly frames: readonly CodePlace[];
  /** Its causes and theirs, the nearest first, and what is in `errors` of an AggregateError. */
  readonly causes: readonly ThrownCause[];
}

/** A cause of something thrown. */
export interface ThrownCause extends Pick<Thrown, 'name' | 'message' | 'code' | 'at'> {
  /** 1: of what was thrown itself; 2: of one that has depth 1 and stands before it; … */
  readonly depth: number;
  /** Whether it is the `cause` of what is above it, or one of its `errors`. */
  readonly as: 'cause' | 'error';
}

export interface PluginErrorDetails {
  /** Default `PLUGIN_ERROR`. */
  readonly code?: string;
  /** The errno, as a name (`ENODEV`) or a number; CRIU gets it if CRIU runs the hook. */
  readonly errno?: string | number;
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** What a plugin throws to give more than a message. Any other error fails the hook as well. */
export class PluginError extends Error implements CriuError {
  override readonly name = 'PluginError';
  readonly code: string;
  declare readonly errno?: string | number;
  declare readonly remedy?: string;

  constructor(message: string, details: PluginErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = details.code ?? 'PLUGIN_ERROR';
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.remedy !== undefined) this.remedy = details.remedy;
  }
}
