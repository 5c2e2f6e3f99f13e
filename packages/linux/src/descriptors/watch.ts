import { Worker } from 'node:worker_threads';
import { native } from '../native.ts';
import { entryLength, POLLIN, wantedOffset } from './ready.ts';

/** What the thread is started with. */
export interface WatchStart {
  readonly fd: number;
  /** Two words: whether we were told and have not looked yet, and whether it is all over. */
  readonly memory: SharedArrayBuffer;
  readonly word: typeof word;
  readonly libraryPath: string;
  readonly entryLength: number;
  readonly wantedOffset: number;
  readonly POLLIN: number;
}

/** The words of {@link WatchStart.memory}. */
const word = { told: 0, over: 1 } as const;

/** A descriptor that is looked out for. */
export interface Watch {
  /** Settles when nobody looks out any more: after `close`, or when the thread could not do its work. */
  readonly ended: Promise<void>;
  /** Ends it: at once when there is something to read, else within half a second. The descriptor stays open, and must until `ended`. */
  close(): void;
}

/**
 * Calls back when a descriptor can be read or has ended, as `readable` sees it: for those that Node's event loop cannot wait for,
 * a packet socket for example. A thread of its own waits, since Node's few threads for files are everybody's. `take` must take all
 * that is there; it is called again when there is more.
 */
export function watchReadable(fd: number, take: () => void): Watch {
  const memory = new SharedArrayBuffer(8);
  const words = new Int32Array(memory);
  const { libraryPath } = native();
  const workerData: WatchStart = { fd, memory, word, libraryPath, entryLength, wantedOffset, POLLIN };
  const worker = new Worker(new URL('./watch-thread.cjs', import.meta.url), {
    workerData,
    name: 'criujs waits for a descriptor',
    // Nothing that the program loads into its threads.
    execArgv: [],
    trackUnmanagedFds: false,
  });
  worker.on('message', () => {
    take();
    Atomics.store(words, word.told, 0);
    Atomics.notify(words, word.told);
  });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
    worker.once('error', () => resolve());
  });
  return {
    ended,
    close() {
      Atomics.store(words, word.over, 1);
      Atomics.store(words, word.told, 0);
      Atomics.notify(words, word.told);
    },
  };
}
