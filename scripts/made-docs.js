#!/usr/bin/env node
/**
 * What the docs take from the sources: the README's table of what the engine can dump, made from what each kind says of itself
 * (`describe`), its words about the last benchmark, made from docs/bench.json, its table of applications, made from docs/apps.json, the page of what comes back, made from the tables
 * of the mirror test, the page of guarantees, made from the sentences that tests show, and the published schemas of a plugin's manifest, made
 * from what reads it. Without arguments docs that differ are an error; `--update` writes them (npm run docs). `tests/house/dumpable.test.ts`,
 * `mirror.test.ts`, `guarantees.test.ts` and `manifest-schemas.test.ts` there check the same.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { root } from './packages.js';

const jiti = createJiti(import.meta.url);
const { withDumpableTable } = await jiti.import('./docs/dumpable.ts');
const { withApps } = await jiti.import('./docs/apps.ts');
const { withFigures } = await jiti.import('./docs/figures.ts');
const { mirrorPage } = await jiti.import('./docs/mirror.ts');
const { manifestSchemas } = await jiti.import('./docs/manifest-schemas.ts');
const { guaranteesPage } = await jiti.import('./docs/guarantees.ts');

for (const { file, make } of [
  { file: 'README.md', make: (readme) => withApps(withFigures(withDumpableTable(readme))) },
  { file: 'docs/what-comes-back.md', make: mirrorPage },
  ...Object.entries(manifestSchemas()).map(([file, text]) => ({ file, make: () => text })),
  { file: 'docs/guarantees.md', make: guaranteesPage },
]) {
  const path = join(root, file);
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const fresh = make(committed);
  if (fresh === committed) continue;
  if (process.argv.includes('--update')) writeFileSync(path, fresh);
  else {
    console.error(`${file}: it differs from what the sources say. Run npm run docs.`);
    process.exitCode = 1;
  }
}
