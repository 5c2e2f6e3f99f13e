// Sleeps until the guarded thread was silent for too long while it was watched. CommonJS, and modules of ours only at the end: it is
// there sooner, and that time is taken from whoever starts it.

const { workerData } = require('node:worker_threads') as typeof import('node:worker_threads');

type Start = import('./watchdog.ts', { with: { 'resolution-mode': 'import' }}).WatchdogStart;

void guard(workerData as Start);

async function guard(start: Start): Promise<void> {
  waitForSilence(start);
  // Hardly anybody needs it.
  const [{ EngineError }, { endProcess }, { exitCodeOf }, { writeLastWords }] = await Promise.all([
    import('../errors/errors.ts'),
    import('../targets/end-process.ts'),
    import('../errors/exit-codes.ts'),
    import('../errors/last-words.ts'),
  ]);
  const message = `a plugin blocks the main thread: more than ${start.hookDeadlineMs} ms`;
  const remedy = 'Find the plugin with -v, and make it asynchronous or remove it.';
  const error = new EngineError('HOOK_TIMEOUT', message, { remedy });
  writeLastWords(error, start.lastWords);
  endProcess(exitCodeOf(error.code));
}

function waitForSilence({ memory, word, limitMs }: Start): void {
  const words = new Int32Array(memory);
  for (let silent = false; !silent; ) {
    const seen = Atomics.load(words, word.beat);
    const waited = Atomics.wait(words, word.beat, seen, limitMs);
    silent =
      waited === 'timed-out' && Atomics.load(words, word.watching) === 1 && Atomics.load(words, word.beat) === seen;
  }
}
