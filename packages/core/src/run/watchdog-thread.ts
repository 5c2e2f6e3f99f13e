import { workerData } from 'node:worker_threads';
import { type WatchdogStart, watchdogWord } from './watchdog.ts';

// Sleeps until the guarded thread was silent for too long while it was watched.

const { memory, limitMs, hookDeadlineMs, lastWords } = workerData as WatchdogStart;
const words = new Int32Array(memory);

for (let silent = false; !silent; ) {
  const seen = Atomics.load(words, watchdogWord.beat);
  const waited = Atomics.wait(words, watchdogWord.beat, seen, limitMs);
  silent =
    waited === 'timed-out' &&
    Atomics.load(words, watchdogWord.watching) === 1 &&
    Atomics.load(words, watchdogWord.beat) === seen;
}

// Read only now: hardly anybody needs it.
const [{ EngineError }, { endProcess }, { exitCodeOf }, { writeLastWords }] = await Promise.all([
  import('../errors.ts'),
  import('./child.ts'),
  import('./exit-codes.ts'),
  import('./last-words.ts'),
]);
const error = new EngineError('HOOK_TIMEOUT', `a plugin blocks the main thread: more than ${hookDeadlineMs} ms`, {
  remedy: 'Find the plugin with -v, and make it asynchronous or remove it.',
});
writeLastWords(error, lastWords);
endProcess(exitCodeOf(error.code));
