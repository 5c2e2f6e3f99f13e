import { join } from 'node:path';
import { packagesOf, writeNotices } from './notices.js';

/** For rolldown's `onwarn`: a bundle is made without a warning, or not at all. How long plugins take says more of the machine. */
export function failOnWarning(warning) {
  if (warning.code === 'PLUGIN_TIMINGS') return;
  throw new Error(warning.message);
}

/**
 * Writes a bundle, and beside it the notices of the other packages that are in it.
 * @param build what rolldown made
 * @param {{ name: string, dir: string, chunks: string }} what the package, its folder, and the names of what entries share
 */
export async function writeBundle(build, { name, dir, chunks }) {
  const { output } = await build.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: chunks,
    comments: { legal: true, jsdoc: false, annotation: false },
    // Half the size; names stay, so that a stack can be read.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  });
  await build.close();
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  writeNotices(name, packagesOf(modules), join(dir, 'THIRD-PARTY-NOTICES.txt'));
}
