import { abortedSeal, stillBusy } from './call-errors.ts';
import { listenForEnds } from './ends.ts';
import type { HostError } from './errors.ts';
import type { Run } from './run.ts';

/** Milliseconds between two looks at what calls have left going on. */
const lookMs = 5;

/**
 * Ends the time in which plugins may write. Before that it waits for what calls have left going on that took the image and wrote
 * nothing: a write may come of it, which fails the run.
 * @throws HostError what plugins did outside of their calls; ABORTED
 */
export async function sealRun(run: Run): Promise<void> {
  // What the last call left behind surfaces in the loop's next turn.
  await new Promise((resolve) => setImmediate(resolve));
  const stray = run.strays.shift();
  if (stray !== undefined) throw stray;
  if (run.trails.size > 0) await trailsEnd(run);
  run.sealed = true;
}

/** What a call left going on has the time of the call, and no more: it may go on for ever. */
function trailsEnd(run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearInterval(timer);
      stopListening();
    };
    const fail = (error: HostError): void => {
      stop();
      reject(error);
    };
    const onAbort = (): void => fail(abortedSeal(run));
    const look = (): void => {
      for (const it of run.trails) {
        const goesOn = it.trail.goesOn();
        if (goesOn && performance.now() < it.until) continue;
        if (goesOn) run.warn(stillBusy(it.call));
        it.trail.drop();
        run.trails.delete(it);
      }
      if (run.trails.size > 0) return;
      stop();
      resolve();
    };
    const timer = setInterval(look, lookMs);
    const stopListening = listenForEnds(run, { fail, abort: onAbort });
    if (run.signal?.aborted) onAbort();
    else look();
  });
}

/** Follows nothing any more: the run is over. */
export function dropTrails({ trails }: Run): void {
  for (const { trail } of trails) trail.drop();
  trails.clear();
}

/** Milliseconds that the end of a run waits for writes whose calls have failed. */
const mostForWrites = 1000;

/** Waits for writes that a failed call left open: they must be over before the images are removed. */
export async function writesEnd({ writing, deadline }: Run): Promise<void> {
  if (writing.size === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(deadline, mostForWrites));
  });
  await Promise.race([Promise.allSettled(writing), enough]);
  clearTimeout(timer);
}
