import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchAbort } from './abort.ts';
import { createControl } from './link.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('an abort before the engine has begun ends the run at once', async () => {
  const controller = new AbortController();
  const watch = watchAbort(controller.signal, createControl(), () => false, vi.fn());
  controller.abort();
  await expect(watch.over).rejects.toMatchObject({ code: 'ABORTED' });
  watch.release();
});

test('later it waits for the engine, says so, and gives up an engine that the kernel holds', async () => {
  const controller = new AbortController();
  const control = createControl();
  control.enter(process.pid);
  const notice = vi.fn();
  const watch = watchAbort(controller.signal, control, () => true, notice);
  const over = vi.fn();
  watch.over.catch(over);
  controller.abort();
  await vi.advanceTimersByTimeAsync(900);
  expect(notice).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(notice.mock.lastCall?.[0]).toMatch(/^waiting for the engine's thread, which .*\(state \S\)$/);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(9000);
  expect(over.mock.lastCall?.[0]).toMatchObject({ code: 'ENGINE_STUCK', remedy: expect.stringMatching(/^End/) });
  watch.release();
});

test('a run that ends in time is not given up', async () => {
  const controller = new AbortController();
  const watch = watchAbort(controller.signal, createControl(), () => true, vi.fn());
  const over = vi.fn();
  watch.over.catch(over);
  controller.abort();
  watch.release();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(over).not.toHaveBeenCalled();
});
