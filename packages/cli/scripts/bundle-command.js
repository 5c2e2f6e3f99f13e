/**
 * Bundles the command with all that each run needs: it starts by reading a few files instead of 200. Plugins, compiled plugins and CRIU
 * are loaded from their packages, when they are asked for.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { failOnWarning, writeBundle } from '../../../scripts/bundle/write-bundle.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(here, 'dist/command');

/** Modules that look for what is beside them, and would look beside the bundle. */
const lookers = [
  {
    module: '/linux/dist/native.js',
    text: 'createRequire(import.meta.url)',
    instead: "createRequire(import.meta.resolve('@criujs/linux'))",
  },
  {
    module: '/linux/dist/descriptors/watch.js',
    text: "new URL('./watch-thread.cjs', import.meta.url)",
    instead: "new URL('./descriptors/watch-thread.cjs', import.meta.resolve('@criujs/linux'))",
  },
  {
    module: '/core/dist/run/engine-threads.js',
    text: "new URL('../thread/worker.js', import.meta.url)",
    instead: "new URL('./thread/worker.js', import.meta.resolve('@criujs/core'))",
  },
  {
    module: '/engine-kit/dist/front/watchdog.js',
    text: "new URL('./watchdog-thread.cjs', import.meta.url)",
    // A dependency of the core, which this package need not see.
    before: "import { createRequire } from 'node:module';\nimport { pathToFileURL } from 'node:url';\n",
    instead:
      "new URL('./front/watchdog-thread.cjs', pathToFileURL(createRequire(import.meta.resolve('@criujs/core')).resolve('@criujs/engine-kit')))",
  },
  {
    module: '/cli/dist/main.js',
    text: "new URL('../package.json', import.meta.url)",
    instead: "new URL('../../package.json', import.meta.url)",
  },
];

const besideThemselves = {
  name: 'beside-themselves',
  transform(code, id) {
    const found = lookers.find(({ module }) => id.endsWith(module));
    if (found === undefined) return null;
    if (!code.includes(found.text)) throw new Error(`${id}: it does not say ${found.text} any more`);
    return (found.before ?? '') + code.replace(found.text, found.instead);
  },
  /** Nothing else may depend on where it lies. */
  moduleParsed({ id, code }) {
    const rest = lookers.reduce((text, { instead }) => text.replace(instead, ''), code ?? '');
    if (/import\.meta\.(url|dirname|filename)/.test(rest))
      throw new Error(`${id}: a module of the command looks for files beside itself`);
  },
};

const external = [
  'koffi',
  'jiti',
  '@criujs/plugin-host',
  '@criujs/legacy-compat',
  '@criujs/legacy-compat/inspect',
  '@criujs/criu-bridge',
];

const build = await rolldown({
  cwd: here,
  input: { index: 'dist/index.js' },
  platform: 'node',
  external,
  plugins: [besideThemselves],
  onwarn: failOnWarning,
});
rmSync(folder, { recursive: true, force: true });
await writeBundle(build, { name: 'criujs', dir: folder, chunks: '[name]-[hash].js' });
