/**
 * A process that dumps and restores with the library, again and again: its engine is warm. Its parent says what to do, one message a
 * run, and gets how long it took.
 */
import { dump, restore } from '../../packages/core/dist/index.js';

process.on('message', async ({ work, ...options }) => {
  const begun = performance.now();
  try {
    const { pid } = work === 'dump' ? await dump(options) : await restore(options);
    process.send({ pid, ms: performance.now() - begun });
  } catch (error) {
    process.send({ error: `${error.code ?? ''} ${error.message}`.trim() });
  }
});
