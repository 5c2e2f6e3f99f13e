/**
 * Bundles the sources with all that they use into dist, and writes the notices of those other packages. Whoever runs
 * `npm create criu-plugin` then downloads one package instead of 330.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { failOnWarning, writeBundle } from '../../../scripts/bundle/write-bundle.js';
import { fixedVersions } from './fixed-versions.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(here, 'dist');

const build = await rolldown({
  cwd: here,
  input: { index: 'src/index.ts', main: 'src/main.ts' },
  platform: 'node',
  resolve: {
    alias: {
      'fly-import': join(here, 'scripts/stubs/fly-import.js'),
      '@yeoman/conflicter': join(here, 'scripts/stubs/conflicter.js'),
    },
  },
  plugins: [fixedVersions()],
  onwarn: failOnWarning,
});
for (const name of ['index.js', 'main.js', 'chunks']) rmSync(join(dist, name), { recursive: true, force: true });
await writeBundle(build, { name: 'create-criu-plugin', dir: dist, chunks: 'chunks/[name]-[hash].js' });
