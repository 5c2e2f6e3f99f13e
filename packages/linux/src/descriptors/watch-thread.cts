// Waits for one descriptor, and does nothing else. CommonJS without any module of ours: it is there in half the time, and that time
// is taken from whoever starts it.

const { parentPort, workerData } = require('node:worker_threads') as typeof import('node:worker_threads');
const koffi = require('koffi') as typeof import('koffi').default;

const { fd, memory, word, libraryPath, entryLength, wantedOffset, POLLIN } =
  workerData as import('./watch.ts', { with: { 'resolution-mode': 'import' }}).WatchStart;

/** Milliseconds of one wait: the thread is asked to end in between, never in the middle of a call. */
const patience = 500;

const poll = koffi.load(libraryPath).func('int poll(void *entries, unsigned long count, int milliseconds)');
const words = new Int32Array(memory);
const entry = Buffer.alloc(entryLength);
entry.writeInt32LE(fd, 0);
entry.writeInt16LE(POLLIN, wantedOffset);

while (Atomics.load(words, word.over) === 0) {
  // Interrupted by a signal, it is asked again.
  if (poll(entry, 1, patience) <= 0) continue;
  Atomics.store(words, word.told, 1);
  parentPort?.postMessage(null);
  Atomics.wait(words, word.told, 1);
}
