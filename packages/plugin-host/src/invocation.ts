import type { HostErrorCode } from './errors.ts';
import type { Run } from './run.ts';
import type { WriteGuard } from './writes.ts';

/** Gives the signal of a call, which is aborted when the call fails. It is made when somebody wants it: most calls are over before. */
export type SignalOf = () => AbortSignal;

/** What a call lends to the context that its plugin gets. */
export interface CallScope {
  readonly signal: SignalOf;
  /** Every write into the image goes through it: it must have ended when the call is answered. */
  readonly write: WriteGuard;
  /** The plugin has asked for the image of a run that writes one. */
  tookImage(): void;
  /** It has used the image otherwise than by writing. */
  usedImage(): void;
}

/** A call of plugin code. */
export interface Invocation<T> {
  readonly run: Run;
  readonly plugin: string;
  /** A hook's name, or `load`, `options`, `claim`, `init`, `exit`. */
  readonly hook: string;
  readonly resource?: string | undefined;
  /** The folder of the plugin's module, without symbolic links, to find the line of what it throws. */
  readonly home?: string | undefined;
  /** Instead of the run's. */
  readonly deadline?: number | undefined;
  /** The code for a throw or rejection. */
  readonly failure: HostErrorCode;
  /** Whether the run's signal ends it. `exit` cleans up, also after an abort. */
  readonly abortable: boolean;
  call(scope: CallScope): unknown;
  /**
   * Checks the answer.
   * @param goesOn takes work that goes on after the answer
   * @throws BadAnswer
   */
  read(answer: unknown, goesOn: (work: PromiseLike<unknown>) => void): T;
  /** Frees what an answer holds that came too late. */
  release?(answer: unknown): Promise<void>;
}

/** Thrown by `Invocation.read`: what was answered, and what may be. */
export class BadAnswer extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.remedy = remedy;
  }
}
