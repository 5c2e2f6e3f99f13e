#!/usr/bin/env node
/** Compares criujs with the real CRIU (npm run bench). Build first. `--help` says what is measured, and what else there is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { benchEngines } from './bench/bench-engines.js';
import { help, readOptions } from './bench/options.js';
import { plot } from './bench/svg.js';
import { table } from './bench/table.js';
import { root } from './packages.js';

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (error.name === 'AbortError') process.exitCode = 130;
  else {
    process.exitCode = 1;
    console.error(error.remedy === undefined ? error : `bench: ${error.message}\n  → ${error.remedy}`);
  }
}

async function main(options) {
  if (options.help) {
    console.log(help.trimEnd());
    return 0;
  }
  let code = 0;
  if (options.engines) code = await compareEngines(options);
  for (const { script } of options.parts) {
    const child = spawn(process.execPath, [join(root, 'scripts', script)], { stdio: 'inherit' });
    const [ended] = await once(child, 'exit');
    code ||= ended ?? 1;
  }
  return code;
}

async function compareEngines(options) {
  const result = await benchEngines(options);
  console.log(table(result));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.svg !== undefined) writeFileSync(options.svg, plot(result));
  if (options.docs) await updateReadme();
  return result.scenarios.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** As `npm run docs` does it. */
async function updateReadme() {
  const { withFigures } = await createJiti(import.meta.url).import('./docs/figures.ts');
  const path = join(root, 'README.md');
  writeFileSync(path, withFigures(readFileSync(path, 'utf8')));
}
