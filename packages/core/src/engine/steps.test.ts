import { expect, test } from 'vitest';
import { doSteps, doStepsInTurns, type Steps } from './steps.ts';

/** Goes on for `ms` milliseconds at least, a step each time. */
function* work(ms: number): Steps<string> {
  for (const until = performance.now() + ms; performance.now() < until; ) yield;
  return 'done';
}

test('steps are done one after the other, and stop where the check throws', () => {
  let checks = 0;
  expect(doSteps(work(2), () => checks++)).toBe('done');
  expect(checks).toBeGreaterThan(0);
  const enough = (): void => {
    throw new Error('enough');
  };
  expect(() => doSteps(work(60_000), enough)).toThrow('enough');
});

test('in turns, the event loop goes on meanwhile: what is aborted there ends the work', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const steps = doStepsInTurns(work(60_000), () => controller.signal.throwIfAborted());
  await expect(steps).rejects.toThrow('aborted');
  expect(await doStepsInTurns(work(50), () => undefined)).toBe('done');
});
