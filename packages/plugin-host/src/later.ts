import type { CriuError, Outcome } from '@criujs/plugin-sdk';
import { abortedSettle, failed, lateWork } from './call-errors.ts';
import { listenForEnds } from './ends.ts';
import type { HostError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { type Run, stray } from './run.ts';
import { runAs, type Suspect } from './watch.ts';

/** Work that a call has left for later. */
export interface LaterWork {
  readonly call: Invocation<unknown>;
  /** Whose code it is. */
  readonly suspect: Suspect;
  readonly work: PromiseLike<unknown>;
  /** Aborts the signal of the call. */
  abort(error: CriuError): void;
}

/** Such work while it goes on. */
export interface Going extends Pick<LaterWork, 'call' | 'suspect' | 'abort'> {
  /** Its end; never rejects. */
  readonly over: Promise<void>;
  /** Whether nobody cares any more how it ends. */
  givenUp: boolean;
}

/** Keeps an eye on work for later: what it fails with fails the run. */
export function goOn({ call, suspect, work, abort }: LaterWork): void {
  const { run } = call;
  const over = runAs(suspect, async () => void (await work))
    .catch((thrown: unknown) => {
      if (!going.givenUp) stray(run, failed(call, thrown, 'what it left for later failed: '));
    })
    .finally(() => run.going.delete(going));
  const going: Going = { call, suspect, abort, over, givenUp: false };
  run.going.add(going);
}

/** Of an answer that was refused, or came too late: nobody cares how its work ends. */
export function letEnd(work: PromiseLike<unknown>): void {
  void (async () => work)().catch(() => undefined);
}

/**
 * Waits for all work that calls have left for later. From now on it has the time of one call.
 * @throws HostError what it failed with, or something else that plugins did outside of their calls; HOOK_TIMEOUT; ABORTED
 */
export async function settleRun(run: Run): Promise<void> {
  // What has just failed surfaces in the loop's next turn.
  await new Promise((resolve) => setImmediate(resolve));
  const stray = run.strays.shift();
  if (stray !== undefined) throw stray;
  if (run.going.size > 0) await workEnds(run);
}

function workEnds(run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: HostError): void => {
      stop();
      reject(error);
    };
    const late = (): void => {
      const [first] = run.going;
      if (first !== undefined) fail(lateWork(first.call));
    };
    const stop = listenForEnds(run, { fail, late, abort: () => fail(abortedSettle(run)) });
    if (run.signal?.aborted) fail(abortedSettle(run));
    void Promise.all([...run.going].map(({ over }) => over)).then(() => {
      stop();
      resolve();
    });
  });
}

/**
 * Ends the work that still goes on when a run is over: its signal is aborted if the run failed, and it has the time of one call to come to
 * its end, before any `exit`.
 * @returns what did not come to its end
 */
export async function endWork(run: Run, outcome: Outcome): Promise<readonly HostError[]> {
  const going = [...run.going];
  if (going.length === 0) return [];
  if (!outcome.ok) {
    for (const it of going) {
      it.givenUp = true;
      // Its listeners are the plugin's code.
      runAs(it.suspect, () => it.abort(outcome.error));
    }
  }
  const errors: HostError[] = [];
  await new Promise<void>((resolve) => {
    const stop = listenForEnds(run, {
      fail: (error) => void errors.push(error),
      late: () => {
        for (const it of run.going) {
          it.givenUp = true;
          errors.push(lateWork(it.call));
        }
        stop();
        resolve();
      },
    });
    void Promise.all(going.map(({ over }) => over)).then(() => {
      stop();
      resolve();
    });
  });
  run.going.clear();
  return errors;
}
