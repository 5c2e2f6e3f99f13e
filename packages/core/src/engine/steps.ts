import { setImmediate } from 'node:timers/promises';

/** Work in steps: between two of them somebody may look whether it is still wanted. */
export type Steps<T> = Generator<void, T, void>;

/** Milliseconds of work until the event loop gets its turn. */
const turnMs = 20;

/** Does all steps. What `check` throws, called between two of them, ends the work. */
export function doSteps<T>(steps: Steps<T>, check: () => void): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    check();
  }
}

/** The same on a thread that has other things to do: timers, signals and sockets get their turn. */
export async function doStepsInTurns<T>(steps: Steps<T>, check: () => void): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - since < turnMs) continue;
    await setImmediate();
    check();
    since = performance.now();
  }
}
