import { EngineError } from '@criujs/engine-kit';

/** Settles when all runs that were asked for so far are over. */
let last: Promise<void> = Promise.resolve();

/**
 * Waits until the runs of this process that were asked for before are over: one thread does them, one after the other.
 * @returns ends the turn
 * @throws EngineError ABORTED
 */
export async function takeTurn(signal: AbortSignal | undefined): Promise<() => void> {
  const before = last;
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  last = before.then(() => over);
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new EngineError('ABORTED', 'the run was aborted before it began'));
    signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([before, aborted]);
    return end;
  } catch (error) {
    end();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
