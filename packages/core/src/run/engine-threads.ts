import { Worker } from 'node:worker_threads';
import { endThread } from './abort.ts';

/** The bundle of `worker.ts` and all that it uses (`scripts/bundle-thread.js`). */
const code = new URL('../thread/worker.js', import.meta.url);

/** One that has done a run and waits for the next: its code is loaded and compiled. */
let idle: Worker | null = null;

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
