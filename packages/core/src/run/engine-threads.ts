import { Worker } from 'node:worker_threads';
import { EngineError } from '@criujs/engine-kit';
import { endThread } from './abort.ts';

/** The bundle of `worker.ts` and all that it uses (`scripts/bundle-thread.js`). */
const code = new URL('../thread/worker.js', import.meta.url);

/** One that has done a run and waits for the next: its code is loaded and compiled. */
let idle: Worker | null = null;

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

/** Gives a thread for one run: one that is warm, if there is one. It keeps the process alive until it is given back. */
export function takeThread(): Worker {
  const warm = idle;
  idle = null;
  if (warm === null) return startThread();
  forget(warm);
  warm.ref();
  return warm;
}

/** Of these events alone: Node has listeners of its own. */
function forget(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
}

function startThread(): Worker {
  return new Worker(code, {
    name: 'criujs',
    // The engine opens descriptors by system calls that Node does not know of.
    trackUnmanagedFds: false,
    // Nothing that the program loads into its threads.
    execArgv: [],
  });
}

/**
 * Takes a thread back after its run. One is kept for the next run, without keeping the process alive; all others are ended.
 * @param isSound whether its run ended well: what is left of another may be anything
 */
export async function giveBack(worker: Worker, isSound: boolean): Promise<void> {
  forget(worker);
  // Nobody else would hear it.
  worker.on('error', () => undefined);
  if (!isSound || idle !== null) return endThread(worker);
  worker.unref();
  idle = worker;
  worker.on('exit', () => {
    if (idle === worker) idle = null;
  });
}
