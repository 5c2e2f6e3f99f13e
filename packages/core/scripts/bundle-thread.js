/**
 * Bundles the engine's thread with all that it uses: a new thread reads a few files instead of 270, which halves the time until it
 * works. Whoever imports the package gets its modules as they are.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { failOnWarning, writeBundle } from '../../../scripts/bundle/write-bundle.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(here, 'dist/thread');

/** A module of `@criujs/linux` that looks for what is beside it, and would look beside the bundle. */
const native = {
  requires: 'createRequire(import.meta.url)',
  instead: "createRequire(import.meta.resolve('@criujs/linux'))",
};

const besideLinux = {
  name: 'beside-linux',
  transform(code, id) {
    if (id.endsWith('/linux/dist/native.js')) {
      if (!code.includes(native.requires)) throw new Error(`${id}: it does not say ${native.requires} any more`);
      return code.replace(native.requires, native.instead);
    }
    return null;
  },
  /** Nothing else may depend on where it lies. */
  renderChunk(code, { fileName }) {
    if (code.includes('import.meta.url') || code.includes('import.meta.dirname'))
      throw new Error(`${fileName}: a module of the engine's thread looks for files beside itself`);
    return null;
  },
};

const build = await rolldown({
  cwd: here,
  input: { worker: 'dist/run/worker.js' },
  platform: 'node',
  external: ['koffi'],
  plugins: [besideLinux],
  onwarn: failOnWarning,
});
rmSync(folder, { recursive: true, force: true });
await writeBundle(build, { name: '@criujs/core', dir: folder, chunks: '[name]-[hash].js' });
