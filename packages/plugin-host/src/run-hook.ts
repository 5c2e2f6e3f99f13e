import { type CriuError, notSupported } from '@criujs/plugin-sdk';
import { lateWrite, suspectOf } from './blame.ts';
import { enterPlugin, leavePlugin, putBackBuiltIns } from './built-ins.ts';
import { aborted, badAnswer, failed, late, leftOpen, replaced } from './call-errors.ts';
import { listenForEnds } from './ends.ts';
import type { HostError } from './errors.ts';
import { BadAnswer, type Invocation, type SignalOf } from './invocation.ts';
import { goOn, letEnd } from './later.ts';
import { type LeftBehind, type Run, stray } from './run.ts';
import { follow } from './trail.ts';
import { runAs, type Suspect } from './watch.ts';
import { createWrites } from './writes.ts';

/**
 * The one place where code of plugins is called and where errors gain plugin, hook and resource.
 * It settles at the deadline at the latest, unless somebody debugs this process; an answer that comes afterwards is released and dropped.
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
    let left: LeftBehind | undefined;
    const end = (refuse: (what: string) => HostError): void => {
      over = true;
      leavePlugin();
      stopWaiting?.();
      writes.close((what) => suspect.known(refuse(what)));
    };
    const fail = (error: HostError): void => {
      if (over) return;
      putBackBuiltIns();
      end(() => error);
      left?.trail.drop();
      writes.cut(error);
      reject(error);
      // Its listeners are the plugin's code.
      runAs(suspect, () => signal.abort(error));
    };
    const suspect = suspectOf({
      it,
      isOver: () => over,
      blame(error) {
        if (over) stray(run, error);
        else if (verdict === undefined) fail(error);
      },
    });
    const failedByReplacing = (): boolean => {
      const name = putBackBuiltIns();
      if (name !== null) fail(replaced(it, name));
      return name !== null;
    };
    /** Nothing may write into a directory that is being cleared away or counts as whole. */
    const failAfterWrites = (error: HostError): void => {
      if (over || verdict !== undefined || failedByReplacing()) return;
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
      if (over || failedByReplacing()) {
        releaseLate(it, suspect, answer);
        return;
      }
      const open = writes.open();
      if (open.length > 0) {
        releaseLate(it, suspect, answer);
        failAfterWrites(leftOpen(it, open));
        return;
      }
      const works: PromiseLike<unknown>[] = [];
      try {
        const value = runAs(suspect, () => it.read(answer, (work) => works.push(work)));
        if (over || failedByReplacing()) {
          letAllEnd(works, suspect);
          return;
        }
        end((what) => lateWrite(it, what));
        for (const work of works) goOn({ call: it, suspect, work, abort: signal.abort });
        if (left !== undefined) leave(run, left, writes.begun() || value === notSupported);
        resolve(value);
      } catch (thrown) {
        letAllEnd(works, suspect);
        fail(thrown instanceof BadAnswer ? badAnswer(it, thrown) : failed(it, thrown));
      }
    };
    const wait = (): void => {
      if (stopWaiting !== undefined) return;
      stopWaiting = listenForEnds(run, {
        fail,
        abort: it.abortable ? () => fail(aborted(it)) : undefined,
        late: () => fail(verdict ?? late(it)),
        deadline: it.deadline,
      });
    };

    const tookImage = (): void => {
      if (over || left !== undefined) return;
      left = { call: it, trail: follow(suspect), until: performance.now() + (it.deadline ?? run.deadline) };
    };
    let answer: unknown;
    run.onCall?.({ plugin: it.plugin, hook: it.hook, resource: it.resource });
    enterPlugin();
    try {
      answer = runAs(suspect, () =>
        it.call({ signal: signal.get, write: writes.guard, tookImage, usedImage: writes.touch }),
      );
    } catch (thrown) {
      failAfterWrites(failed(it, thrown));
      return;
    }
    // An answer that is there already is looked at below.
    if (isObject(answer) && failedByReplacing()) return;
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

function createSignal(): { readonly get: SignalOf; abort(error: CriuError): void } {
  let controller: AbortController | undefined;
  let failure: CriuError | undefined;
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

/** Who took the image and wrote nothing, and is busy still, may have forgotten to await what leads to the write. */
function leave({ trails }: Run, left: LeftBehind, isDone: boolean): void {
  if (isDone || !left.trail.goesOn()) left.trail.drop();
  else trails.add(left);
}

function letAllEnd(works: readonly PromiseLike<unknown>[], suspect: Suspect): void {
  for (const work of works) runAs(suspect, () => letEnd(work));
}

function releaseLate(it: Invocation<unknown>, suspect: Suspect, answer: unknown): void {
  // A failure here is nobody's business any more: the call has failed with a better word already.
  runAs(suspect, async () => it.release?.(answer)).catch(() => undefined);
}
