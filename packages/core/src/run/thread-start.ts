import { fileURLToPath } from 'node:url';
import { workerData } from 'node:worker_threads';
import { loadScript } from '@criujs/engine-kit/code-cache';
import type { ThreadData } from './protocol.ts';
import type { serve } from './worker.ts';

// The first that the engine's thread runs: it loads the engine (`worker.ts`), compiled where that was kept.

const { first } = workerData as ThreadData;
const script = loadScript(
  fileURLToPath(new URL('./engine.cjs', import.meta.url)),
  first?.codeCache ?? null,
  first?.job ?? 'any',
);
(script.exports as { serve: typeof serve }).serve(first?.job ?? null, () => script.keep());
