/**
 * Bundles the command with all that each run needs: it starts by reading a few files instead of 200. Plugins, compiled plugins and CRIU
 * are loaded from their packages, when they are asked for.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { lookElsewhere, nativeOfLinux } from '../../../scripts/bundle/beside.js';
import { failOnWarning, writeBundle } from '../../../scripts/bundle/write-bundle.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(here, 'dist/command');

/** Modules that look for what is beside them, and would look beside the bundle. */
const lookers = [
  nativeOfLinux,
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

/** Nothing else may depend on where it lies. The bundler's own runtime does, so that modules are looked at, not what comes out. */
const check = {
  name: 'check',
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
  plugins: [lookElsewhere(lookers), check],
  onwarn: failOnWarning,
});
rmSync(folder, { recursive: true, force: true });
await writeBundle(build, { name: 'criujs', dir: folder, chunks: '[name]-[hash].js' });
