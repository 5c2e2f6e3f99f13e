import { describeThrown, errnoOf, textOf } from './describe.ts';
import { HostError, type HostErrorCode } from './errors.ts';
import { runAs, type Suspect } from './watch.ts';

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
}

/** Gives the signal of a call, which is aborted when the call fails. It is made when somebody wants it: most calls are over before. */
export type SignalOf = () => AbortSignal;

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
  call(signal: SignalOf): unknown;
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

export function createRun(deadline: number, signal?: AbortSignal): Run {
  return { active: false, deadline, signal, waiting: new Set(), strays: [] };
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
    let over = false;
    let stopWaiting = (): void => undefined;
    const end = (): void => {
      over = true;
      stopWaiting();
    };
    const fail = (error: HostError): void => {
      if (over) return;
      end();
      reject(error);
      // Its listeners are the plugin's code.
      runAs(suspect, () => signal.abort(error));
    };
    const suspect = suspectOf(it, (error) => (over ? stray(run, error) : fail(error)));
    const answered = (answer: unknown): void => {
      if (over) {
        releaseLate(it, suspect, answer);
        return;
      }
      try {
        const value = runAs(suspect, () => it.read(answer));
        if (over) return;
        end();
        resolve(value);
      } catch (thrown) {
        fail(thrown instanceof BadAnswer ? badAnswer(it, thrown) : failed(it, thrown));
      }
    };
    const wait = (): void => {
      const onAbort = (): void => fail(aborted(it));
      const timer = setTimeout(() => fail(late(it)), it.deadline ?? run.deadline);
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
      answer = runAs(suspect, () => it.call(signal.get));
    } catch (thrown) {
      fail(failed(it, thrown));
      return;
    }
    if (it.abortable && run.signal?.aborted) fail(aborted(it));
    if (!isObject(answer)) {
      answered(answer);
      return;
    }
    if (!over) wait();
    // An async function, so that promises of any kind are waited for, and whatever they throw is a rejection.
    runAs(suspect, async () => answer).then(answered, (thrown) => fail(failed(it, thrown)));
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
  if (run.waiting.size === 0) run.strays.push(error);
  for (const fail of [...run.waiting]) fail(error);
}

function suspectOf(it: Invocation<unknown>, blame: (error: HostError) => void): Suspect {
  const known = new WeakSet<object>();
  return {
    watched: () => it.run.active,
    exited(call) {
      const error = exited(it, call);
      known.add(error);
      blame(error);
      return error;
    },
    threw(thrown) {
      // What `exited` threw into the plugin may come back here.
      if (typeof thrown === 'object' && thrown !== null && known.has(thrown)) return;
      blame(failed(it, thrown, 'threw later, where nobody could catch it: '));
    },
  };
}

function releaseLate(it: Invocation<unknown>, suspect: Suspect, answer: unknown): void {
  // A failure here is nobody's business any more: the call has failed with a better word already.
  runAs(suspect, async () => it.release?.(answer)).catch(() => undefined);
}

/** `plugin kvm: DUMP_EXT_FILE of file 3 (/dev/kvm)` */
function name({ plugin, hook, resource }: Invocation<unknown>): string {
  return `plugin ${plugin}: ${hook}${resource === undefined ? '' : ` of ${resource}`}`;
}

function error(it: Invocation<unknown>, code: HostErrorCode, what: string, remedy: string, cause?: unknown): HostError {
  const { plugin, hook, resource } = it;
  const errno = cause === undefined ? undefined : errnoOf(cause);
  return new HostError(code, `${name(it)} ${what}`, {
    plugin,
    hook,
    resource,
    remedy,
    errno,
    ...(cause === undefined ? {} : { cause }),
  });
}

function failed(it: Invocation<unknown>, thrown: unknown, how = ''): HostError {
  const remedy =
    textOf(thrown, 'remedy') ?? `This is an error of the plugin's own. Ask its author, or run without ${it.plugin}.`;
  return error(it, it.failure, `failed: ${how}${describeThrown(thrown)}`, remedy, thrown);
}

function badAnswer(it: Invocation<unknown>, { message, remedy, cause }: BadAnswer): HostError {
  return error(it, 'HOOK_BAD_RESULT', message, remedy, cause);
}

function late(it: Invocation<unknown>): HostError {
  const remedy = 'Allow more time if the plugin is only slow; else look at what it waits for.';
  return error(it, 'HOOK_TIMEOUT', `gave no answer in ${it.deadline ?? it.run.deadline} ms`, remedy);
}

function exited(it: Invocation<unknown>, call: string): HostError {
  return error(
    it,
    'PLUGIN_EXITED',
    `called ${call}`,
    'A plugin must not end the process that hosts it: throw an error instead.',
  );
}

function aborted(it: Invocation<unknown>): HostError {
  return error(
    it,
    'ABORTED',
    'was ended: the run was aborted',
    'Start the run again when you want it to go on.',
    it.run.signal?.reason,
  );
}
