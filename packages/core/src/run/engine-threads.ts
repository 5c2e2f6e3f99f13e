import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { endThread } from './end-thread.ts';
import type { JobName, ThreadData } from './protocol.ts';

/** Loads the bundle of `worker.ts` and all that it uses (`scripts/bundle-thread.js`). */
const code = fileURLToPath(new URL('../thread/start.cjs', import.meta.url));

/** One that waits for a run: its code is loaded, and compiled if it has done one. */
let idle: Worker | null = null;

/** What a thread is started for. */
export interface Preparation {
  /** What it will do first. */
  readonly job: JobName;
  /** Where its compiled code is kept, see `codeCache` of `@criujs/engine-kit/code-cache`; null: nowhere. */
  readonly codeCache: string | null;
}

/** Starts a thread for a run to come, which need not come: it does not keep the process alive. null: none can be started now. */
export function prepareThread(preparation: Preparation): Worker | null {
  try {
    const worker = startThread({ first: preparation });
    worker.unref();
    // The run that finds none starts one, and reports why it cannot.
    worker.on('error', () => undefined);
    return worker;
  } catch {
    return null;
  }
}

/** Makes a thread that was prepared the one that the next run takes. */
export function adoptThread(worker: Worker): void {
  idle = worker;
  worker.on('exit', () => {
    if (idle === worker) idle = null;
  });
}

/** Gives a thread for one run: one that is warm, if there is one. It keeps the process alive until it is given back. */
export function takeThread(): Worker {
  const warm = idle;
  idle = null;
  if (warm === null) return startThread({ first: null });
  forget(warm);
  warm.ref();
  return warm;
}

/** Of these events alone: Node has listeners of its own. */
function forget(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
}

function startThread(workerData: ThreadData): Worker {
  return new Worker(code, {
    name: 'criujs',
    workerData,
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
  adoptThread(worker);
}
