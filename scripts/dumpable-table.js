#!/usr/bin/env node
/**
 * The README's table of what the engine can dump, made from what each kind says of itself (`describe`). Without arguments a table
 * that differs is an error; `--update` writes it (npm run docs). `tests/house/dumpable.test.ts` checks the same.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { root } from './packages.js';

const { withDumpableTable } = await createJiti(import.meta.url).import('./docs/dumpable.ts');
const path = join(root, 'README.md');
const committed = readFileSync(path, 'utf8');
const fresh = withDumpableTable(committed);
if (process.argv.includes('--update')) writeFileSync(path, fresh);
else if (fresh !== committed) {
  console.error('README.md: the table of what can be dumped differs from what the kinds say. Run npm run docs.');
  process.exitCode = 1;
}
