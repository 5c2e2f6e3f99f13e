/**
 * Bundles the sources with all that they use into dist, and writes the notices of those other packages. Whoever runs
 * `npm create criu-plugin` then downloads one package instead of 330.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { packagesOf, writeNotices } from '../../../scripts/bundle/notices.js';
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
  onwarn(warning) {
    throw new Error(warning.message);
  },
});
for (const name of ['index.js', 'main.js', 'chunks']) rmSync(join(dist, name), { recursive: true, force: true });
const { output } = await build.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  comments: { legal: true, jsdoc: false, annotation: false },
  // Half the size; names stay, so that a stack can be read.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
});
await build.close();

const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
writeNotices('create-criu-plugin', packagesOf(modules), join(dist, 'THIRD-PARTY-NOTICES.txt'));
