import type { Worker } from 'node:worker_threads';

/** Milliseconds that a thread gets to end. */
const terminateMs = 1000;

/** Ends a thread, and waits for that no longer than the kernel deserves: a thread in a system call cannot be ended. */
export async function endThread(worker: Worker): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, terminateMs);
  });
  await Promise.race([worker.terminate(), late]);
  clearTimeout(timer);
  worker.unref();
}
