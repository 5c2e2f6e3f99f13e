/**
 * Builds the runner of compiled plugins for the processors that this machine has a compiler for, to be shipped with the package.
 * Elsewhere it is built at first use.
 */
import { prebuildNative } from '@criujs/wire';
import { runnerBuild } from '../dist/compiled/runner-build.js';

if (process.platform === 'linux') {
  for (const { arch, path, why } of await prebuildNative(runnerBuild)) {
    process.stdout.write(`${path === null ? `not built for ${arch}: ${why}` : `built for ${arch}`}\n`);
  }
}
