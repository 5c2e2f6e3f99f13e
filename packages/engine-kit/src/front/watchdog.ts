import { Worker } from 'node:worker_threads';

/** What the thread that keeps the deadline is started with. */
export interface WatchdogStart {
  /** Two words: how often the guarded thread was alive, and whether it is watched now. */
  readonly memory: SharedArrayBuffer;
  readonly word: typeof watchdogWord;
  /** Milliseconds that it may be silent. */
  readonly limitMs: number;
  readonly hookDeadlineMs: number;
  readonly lastWords: 'text' | 'json';
}

/** The words of {@link WatchdogStart.memory}. */
const watchdogWord = { beat: 0, watching: 1 } as const;

/** Ends the process when plugins block its main thread: nothing could be thrown there. */
export interface Watchdog {
  /** Code of plugins runs from now on. */
  watch(): void;
  /** What blocks the thread from now on is our own work. */
  rest(): void;
  release(): void;
}

const beatMs = 250;
const graceMs = 1000;
const nothing: Watchdog = { watch: () => undefined, rest: () => undefined, release: () => undefined };

/** Whose code is guarded against, and how. */
export interface Guarded {
  /** How many plugins there are. */
  readonly plugins: number;
  /** Milliseconds that a hook may take. */
  readonly hookDeadlineMs: number;
  readonly lastWords: 'text' | 'json';
}

/** Begins to watch this thread, if there are plugins. */
export function guardThread({ plugins, hookDeadlineMs, lastWords }: Guarded): Watchdog {
  if (plugins === 0) return nothing;
  const memory = new SharedArrayBuffer(8);
  const words = new Int32Array(memory);
  const workerData: WatchdogStart = {
    memory,
    word: watchdogWord,
    limitMs: hookDeadlineMs + graceMs,
    hookDeadlineMs,
    lastWords,
  };
  const worker = new Worker(new URL('./watchdog-thread.cjs', import.meta.url), {
    workerData,
    name: 'criujs watchdog',
    // Nothing that the program loads into its threads.
    execArgv: [],
  });
  worker.unref();
  // Without it everything works but the end of an endless loop.
  worker.on('error', () => undefined);
  const beat = (): void => {
    Atomics.add(words, watchdogWord.beat, 1);
    Atomics.notify(words, watchdogWord.beat);
  };
  const timer = setInterval(beat, beatMs).unref();
  const set = (watching: number): void => {
    beat();
    Atomics.store(words, watchdogWord.watching, watching);
  };
  set(1);
  return {
    watch: () => set(1),
    rest: () => set(0),
    release() {
      set(0);
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
