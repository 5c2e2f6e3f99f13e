/**
 * Bundles the engine's thread with all that it uses: a new thread reads two files instead of 270, which halves the time until it
 * works. `start.cjs` loads `engine.cjs`, compiled where that was kept. Whoever imports the package gets its modules as they are.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { besideScript, lookElsewhere, nativeOfLinuxInScript } from '../../../scripts/bundle/beside.js';
import { failOnWarning } from '../../../scripts/bundle/write-bundle.js';
import { withoutDescriptors, writeScript, writeStart } from '../../../scripts/bundle/write-script.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(here, 'dist/thread');
const common = { cwd: here, platform: 'node', onwarn: failOnWarning };

rmSync(folder, { recursive: true, force: true });
const engine = await rolldown({
  ...common,
  input: 'dist/run/worker.js',
  plugins: [lookElsewhere([nativeOfLinuxInScript]), withoutDescriptors],
});
await writeScript(engine, { name: '@criujs/core', file: join(folder, 'engine.cjs') });
const start = await rolldown({
  ...common,
  input: 'dist/run/thread-start.js',
  plugins: [lookElsewhere([besideScript('/core/dist/run/thread-start.js', 'engine.cjs')])],
});
await writeStart(start, join(folder, 'start.cjs'));
