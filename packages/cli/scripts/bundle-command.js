/**
 * Bundles the command with all that each run needs: it starts by reading a few files instead of 200. Plugins, compiled plugins and CRIU
 * are loaded from their packages, when they are asked for.
 *
 * `start.cjs` comes first. For `dump` and `restore` it loads `command.cjs`, a script whose compiled code can be kept; for all else the
 * modules of `command.js`.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { besideScript, lookElsewhere, nativeOfLinux, nativeOfLinuxInScript } from '../../../scripts/bundle/beside.js';
import { failOnWarning, writeBundle } from '../../../scripts/bundle/write-bundle.js';
import { leaveOut, withoutDescriptors, writeScript, writeStart } from '../../../scripts/bundle/write-script.js';

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
    text: "new URL('../thread/start.cjs', import.meta.url)",
    instead: "new URL('./thread/start.cjs', import.meta.resolve('@criujs/core'))",
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

const fromScript = 'createRequire(__filename)';

/** The same for scripts. */
const scriptLookers = [
  nativeOfLinuxInScript,
  besideScript('/cli/dist/start.js', 'command.cjs'),
  {
    module: '/linux/dist/descriptors/watch.js',
    text: "new URL('./watch-thread.cjs', import.meta.url)",
    before: "import { createRequire } from 'node:module';\nimport { join } from 'node:path';\n",
    instead: `join(${fromScript}.resolve('@criujs/linux'), '../descriptors/watch-thread.cjs')`,
  },
  {
    module: '/core/dist/run/engine-threads.js',
    text: "fileURLToPath(new URL('../thread/start.cjs', import.meta.url))",
    before: "import { createRequire } from 'node:module';\nimport { join } from 'node:path';\n",
    instead: `join(${fromScript}.resolve('@criujs/core'), '../thread/start.cjs')`,
  },
  {
    module: '/engine-kit/dist/front/watchdog.js',
    text: "new URL('./watchdog-thread.cjs', import.meta.url)",
    before: "import { createRequire } from 'node:module';\nimport { join } from 'node:path';\n",
    instead: `join(${fromScript}.resolve('@criujs/engine-kit'), '../front/watchdog-thread.cjs')`,
  },
  {
    module: '/cli/dist/main.js',
    text: "new URL('../package.json', import.meta.url)",
    before: "import { join } from 'node:path';\n",
    instead: "join(__dirname, '../../package.json')",
  },
  {
    module: '/cli/dist/config.js',
    text: "fileURLToPath(import.meta.resolve('@criujs/core'))",
    before: "import { createRequire } from 'node:module';\n",
    instead: `${fromScript}.resolve('@criujs/core')`,
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
  'jiti',
  '@criujs/plugin-host',
  '@criujs/plugin-host/manifest',
  '@criujs/plugin-testing',
  '@criujs/legacy-compat',
  '@criujs/legacy-compat/inspect',
  '@criujs/criu-bridge',
];

const common = { cwd: here, platform: 'node', onwarn: failOnWarning };

rmSync(folder, { recursive: true, force: true });
const modules = await rolldown({
  ...common,
  input: { command: 'dist/command.js' },
  external,
  plugins: [lookElsewhere(lookers), check],
});
await writeBundle(modules, { name: 'criujs', dir: folder, chunks: '[name]-[hash].js' });

const script = await rolldown({
  ...common,
  input: 'dist/command.js',
  external,
  plugins: [
    leaveOut(/\/commands\/(check|plan|plugin-\w+|run|show)\.js$/, 'start.cjs loads it as a module'),
    lookElsewhere(scriptLookers),
    withoutDescriptors,
  ],
});
await writeScript(script, { name: 'criujs', file: join(folder, 'command.cjs') });

const start = await rolldown({
  ...common,
  input: 'dist/start.js',
  external: ['./command.js'],
  plugins: [lookElsewhere(scriptLookers)],
});
await writeStart(start, join(folder, 'start.cjs'));
