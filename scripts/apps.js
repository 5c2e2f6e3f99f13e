#!/usr/bin/env node
/** Dumps and restores applications while somebody uses them (npm run apps). Build first. `--help` says more. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createJiti } from 'jiti';
import { root } from './packages.js';

const help = `Usage: npm run apps -- [options] [words ...]

Starts applications from the distribution, each with a client that goes on using it, and dumps and restores them:
once while they run on, then three times to their end. The client may see a pause and no error; then the
application checks its own data. The same is tried with an installed CRIU. Needs root.

Words choose applications whose names contain one of them. Those that are not installed are named.

  --list          print what there is, and what is missing
  --no-criu       leave CRIU out
  --docs          write docs/apps.json and the README's table
  --json <file>   write what was seen to this file
  -h, --help      print this help

Environment: CRIUJS_CRIU, the program criu (default: .cache/criu/criu, see scripts/install-criu).
`;

const { values, positionals } = readArguments();
const jiti = createJiti(import.meta.url);
const { apps } = await jiti.import('../tests/apps/table.ts');
const { missingOf } = await jiti.import('../tests/apps/ground.ts');
const { travel } = await jiti.import('../tests/apps/journey.ts');

const bin = [process.execPath, join(root, 'packages/cli/bin/criujs.js')];
const { CRIUJS_CRIU } = process.env;
const criu = CRIUJS_CRIU ?? join(root, '.cache/criu/criu');
const chosen = apps.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));

if (values.help) console.log(help.trimEnd());
else if (values.list) for (const app of chosen) console.log(`${app.name}${withReason(missingOf(app))}`);
else await main();

async function main() {
  if (process.getuid() !== 0) fail('applications are started and restored as root', 'Run it with sudo.');
  if (chosen.length === 0) fail(`no application is called ${positionals.join(' or ')}`, 'See npm run apps -- --list.');
  const rows = [];
  for (const app of chosen) {
    const missing = missingOf(app);
    if (missing !== null) {
      console.log(`${app.name}: not run, ${missing}`);
      continue;
    }
    const ours = await tried(app, { bin, more: [], rounds: 3 });
    const theirs = values['no-criu'] || !existsSync(criu) ? null : await tried(app, ofCriu());
    rows.push({ name: app.name, ours, criu: theirs });
    console.log(`${app.name}: ${words(ours)}${theirs === null ? '' : `; CRIU: ${words(theirs)}`}`);
    if (ours.failed !== undefined) process.exitCode = 1;
  }
  const seen = { date: new Date().toISOString().slice(0, 10), machine: machine(), criu: criuVersion(), apps: rows };
  const text = `${JSON.stringify(seen, null, 2)}\n`;
  if (values.json !== undefined) writeFileSync(values.json, text);
  if (values.docs) await updateDocs(text);
}

/** A journey with CRIU's engine. */
function ofCriu() {
  return { bin, more: ['--engine', 'criu', '--criu-bin', criu, '--shell-job'], rounds: 3 };
}

async function tried(app, traveller) {
  try {
    return await travel(app, traveller);
  } catch (error) {
    return { failed: error.message.split('\n')[0] };
  }
}

function words({ failed, frozenMs, imageBytes, answers }) {
  if (failed !== undefined) return `failed, ${failed}`;
  return `stood still for ${frozenMs.toFixed(1)} ms, ${(imageBytes / 2 ** 20).toFixed(1)} MiB of images, ${answers} answers`;
}

function machine() {
  return `Linux ${release()}, ${cpus().length} processors`;
}

function criuVersion() {
  if (!existsSync(criu)) return null;
  return /Version: (\S+)/.exec(spawnSync(criu, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? null;
}

async function updateDocs(text) {
  if (chosen.length < apps.length) fail('the table has all applications', 'Leave out the words.');
  writeFileSync(join(root, 'docs/apps.json'), text);
  const { withApps } = await jiti.import('./docs/apps.ts');
  const path = join(root, 'README.md');
  writeFileSync(path, withApps(readFileSync(path, 'utf8')));
}

function withReason(missing) {
  return missing === null ? '' : `: ${missing}`;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        list: { type: 'boolean' },
        'no-criu': { type: 'boolean' },
        docs: { type: 'boolean' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return fail(error.message, 'See npm run apps -- --help.');
  }
}

function fail(message, remedy) {
  console.error(`apps: ${message}\n  → ${remedy}`);
  process.exit(2);
}
