import { aborted, badAnswer, exited, failed, late, leftOpen, wroteLate } from './call-errors.ts';
import type { HostError, HostErrorCode } from './errors.ts';
import { holdWatch, runAs, type Suspect } from './watch.ts';
import { createWrites, type WriteGuard } from './writes.ts';

/** What all calls of one host share. What a plugin started in one run may still fail the next. */
export interface Run {
  /** Whether plugins' deeds are ours to answer for: while they are loaded, and from `start` to the end of `finish`. */
  active: boolean;
  /** Milliseconds that one call may take. */
  readonly deadline: number;
  /** Aborting it ends all calls. */
  readonly signal: AbortSignal | undefined;
  /** How to fail each call that waits. */
  readonly waiting: Set<(error: HostError) => void>;
  /** What plugins did outside of any call; the next call fails with it. */
  readonly strays: HostError[];
  /** Whether the dump is whole: what plugins do from then on fails nothing. */
  sealed: boolean;
  /** Writes into the image that have not ended. */
  readonly writing: Set<Promise<unknown>>;
  /** Tells of what no run is left to fail for. */
  readonly warn: (error: HostError) => void;
}

/** Gives the signal of a call, which is aborted when the call fails. It is made when somebody wants it: most calls are over before. */
export type SignalOf = () => AbortSignal;

/** What a call lends to the context that its plugin gets. */
export interface CallScope {
  readonly signal: SignalOf;
  /** Every write into the image goes through it: it must have ended when the call is answered. */
  readonly write: WriteGuard;
}

/** A call of plugin code. */
export interface Invocation<T> {
  readonly run: Run;
  readonly plugin: string;
  /** A hook's name, or `load`, `options`, `claim`, `init`, `exit`. */
  readonly hook: string;
  readonly resource?: string | undefined;
  /** Instead of the run's. */
  readonly deadline?: number | undefined;
  /** The code for a throw or rejection. */
  readonly failure: HostErrorCode;
  /** Whether the run's signal ends it. `exit` cleans up, also after an abort. */
  readonly abortable: boolean;
  call(scope: CallScope): unknown;
  /** Checks the answer. @throws BadAnswer */
  read(answer: unknown): T;
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

export function createRun(deadline: number, signal?: AbortSignal, warn: Run['warn'] = () => undefined): Run {
  const state = { active: false, sealed: false, waiting: new Set<never>(), strays: [], writing: new Set<never>() };
  return { ...state, deadline, signal, warn };
}

/**
 * The one place where code of plugins is called and where errors gain plugin, hook and resource.
 * It settles at the deadline at the latest; an answer that comes afterwards is released and dropped.
 * A synchronous endless loop holds this thread and cannot be ended here: an engine keeps a deadline in a thread of its own.
 * @throws HostError
 */
export function runHook<T>(it: Invocation<T>): Promise<T> {
  const { run } = it;
  if (it.abortable && run.signal?.aborted) return Promise.reject(aborted(it));
  return new Promise<T>((resolve, reject) => {
    const signal = createSignal();
    const writes = createWrites(run.writing);
    let over = false;
    /** What the call fails with once its open writes have ended. */
    let verdict: HostError | undefined;
    let stopWaiting: (() => void) | undefined;
    const end = (refuse: (what: string) => HostError): void => {
      over = true;
      stopWaiting?.();
      writes.close((what) => suspect.known(refuse(what)));
    };
    const fail = (error: HostError): void => {
      if (over) return;
      end(() => error);
      writes.cut(error);
      reject(error);
      // Its listeners are the plugin's code.
      runAs(suspect, () => signal.abort(error));
    };
    const suspect = suspectOf(it, (error) => {
      if (over) stray(run, error);
      else if (verdict === undefined) fail(error);
    });
    /** Nothing may write into a directory that is being cleared away or counts as whole. */
    const failAfterWrites = (error: HostError): void => {
      if (over || verdict !== undefined) return;
      if (writes.open().length === 0) {
        fail(error);
        return;
      }
      verdict = error;
      writes.close(() => suspect.known(error));
      writes.whenSettled(() => fail(error));
      wait();
    };
    const answered = (answer: unknown): void => {
      if (over) {
        releaseLate(it, suspect, answer);
        return;
      }
      const open = writes.open();
      if (open.length > 0) {
        releaseLate(it, suspect, answer);
        failAfterWrites(leftOpen(it, open));
        return;
      }
      try {
        const value = runAs(suspect, () => it.read(answer));
        if (over) return;
        end((what) => lateWrite(it, what));
        resolve(value);
      } catch (thrown) {
        fail(thrown instanceof BadAnswer ? badAnswer(it, thrown) : failed(it, thrown));
      }
    };
    const wait = (): void => {
      if (stopWaiting !== undefined) return;
      const onAbort = (): void => fail(aborted(it));
      const timer = setTimeout(() => fail(verdict ?? late(it)), it.deadline ?? run.deadline);
      if (it.abortable) run.signal?.addEventListener('abort', onAbort);
      run.waiting.add(fail);
      stopWaiting = () => {
        clearTimeout(timer);
        run.waiting.delete(fail);
        run.signal?.removeEventListener('abort', onAbort);
      };
    };

    let answer: unknown;
    try {
      answer = runAs(suspect, () => it.call({ signal: signal.get, write: writes.guard }));
    } catch (thrown) {
      failAfterWrites(failed(it, thrown));
      return;
    }
    if (it.abortable && run.signal?.aborted) fail(aborted(it));
    if (!isObject(answer)) {
      answered(answer);
      return;
    }
    if (!over) wait();
    // An async function, so that promises of any kind are waited for, and whatever they throw is a rejection.
    runAs(suspect, async () => answer).then(answered, (thrown) => failAfterWrites(failed(it, thrown)));
  });
}

/** Whether it may be a promise. */
function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function createSignal(): { readonly get: SignalOf; abort(error: HostError): void } {
  let controller: AbortController | undefined;
  let failure: HostError | undefined;
  return {
    get() {
      controller ??= new AbortController();
      if (failure !== undefined) controller.abort(failure);
      return controller.signal;
    },
    abort(error) {
      failure = error;
      controller?.abort(error);
    },
  };
}

/** Fails every call that waits; without any, the next one. */
function stray(run: Run, error: HostError): void {
  if (run.sealed || run.waiting.size === 0) run.strays.push(error);
  if (run.sealed) return;
  for (const fail of [...run.waiting]) fail(error);
}

/** Gives the error of a write that comes after the answer, and has it fail the run. */
function lateWrite(it: Invocation<unknown>, what: string): HostError {
  const error = wroteLate(it, what);
  if (it.run.active) stray(it.run, error);
  else it.run.warn(error);
  return error;
}

interface CallSuspect extends Suspect {
  /** Marks an error that was told already: it may come back from the plugin, perhaps as a rejection that nobody handles. */
  known(error: HostError): HostError;
}

function suspectOf(it: Invocation<unknown>, blame: (error: HostError) => void): CallSuspect {
  const known = new WeakSet<object>();
  let held = 0;
  return {
    watched: () => it.run.active || held > 0,
    known(error) {
      known.add(error);
      held += 1;
      holdWatch(() => {
        held -= 1;
      });
      return error;
    },
    exited(call) {
      const error = exited(it, call);
      known.add(error);
      blame(error);
      return error;
    },
    threw(thrown) {
      // What `exited` threw into the plugin may come back here, and what a write was refused with.
      if (typeof thrown === 'object' && thrown !== null && known.has(thrown)) return;
      blame(failed(it, thrown, 'threw later, where nobody could catch it: '));
    },
  };
}

function releaseLate(it: Invocation<unknown>, suspect: Suspect, answer: unknown): void {
  // A failure here is nobody's business any more: the call has failed with a better word already.
  runAs(suspect, async () => it.release?.(answer)).catch(() => undefined);
}
