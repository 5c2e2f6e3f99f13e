#!/usr/bin/env node
/**
 * `npm create criu-plugin` beside two others of its kind (part of npm run bench): from Enter to the first question with
 * an empty npm cache, from the last answer to the first green check of what was made, and what is downloaded and
 * unpacked for it. All three come from one registry on loopback, by turns; a round before the first fills the
 * registry's cache and is not counted. Build first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { createJiti } from 'jiti';
import { median } from './bench/statistics.js';

const questionRounds = 3;
const greenRounds = 3;
/** The longest that a first question is waited for. */
const patience = 120_000;

/**
 * `ask` is typed on a terminal; `fetch` only brings the generator here; `make` has every answer already, and installs;
 * `check` is the first thing that the new project can be asked.
 */
const generators = [
  {
    name: 'create-criu-plugin',
    ask: 'npm create --yes criu-plugin@latest',
    question: /Where does the project go/,
    fetch: 'npm create --yes criu-plugin@latest -- --version',
    make: 'npm create --yes criu-plugin@latest made -- --yes --no-git',
    check: 'npm test',
  },
  {
    name: 'create-vite',
    ask: 'npm create --yes vite@latest',
    question: /Project name/,
    fetch: 'npm create --yes vite@latest -- --help',
    make: 'npm create --yes vite@latest made -- --template vanilla-ts --no-interactive && cd made && npm install',
    // What it makes has no tests.
    check: 'npm run build',
  },
  {
    name: '@grafana/create-plugin',
    ask: 'npx --yes @grafana/create-plugin@latest',
    question: /Select a plugin type|name of your plugin/,
    fetch: 'npx --yes @grafana/create-plugin@latest version',
    make: 'npx --yes @grafana/create-plugin@latest --plugin-type=panel --plugin-name=made --org-name=somebody && mv somebody-made-panel made && cd made && npm install',
    check: 'npm run test:ci',
  },
];

const jiti = createJiti(import.meta.url);
const { startRegistry } = await jiti.import('../packages/create-plugin/test/registry/registry.ts');
const { publishAll } = await jiti.import('../packages/create-plugin/test/registry/publish.ts');

const folder = mkdtempSync(join(tmpdir(), 'criujs-bench-create-'));
const registry = await startRegistry();
try {
  await publishAll(registry.url, folder);
  await bench();
} finally {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
}

async function bench() {
  const results = new Map(
    generators.map(({ name }) => [name, { question: [], green: [], size: 0, packages: 0, failed: null }]),
  );
  for (let round = 0; round <= questionRounds; round++) {
    for (const generator of generators) {
      const ms = await atHome((home) => firstQuestion(generator, home));
      if (round > 0) results.get(generator.name).question.push(ms);
    }
  }
  for (let round = 0; round <= greenRounds; round++) {
    for (const generator of generators) {
      const result = results.get(generator.name);
      if (result.failed !== null) continue;
      try {
        const ms = await atHome((home) => green(generator, home, result));
        if (round > 0) result.green.push(ms);
      } catch (error) {
        // What others make may need more than a registry.
        if (generator === generators[0]) throw error;
        result.failed = reasonOf(error);
      }
    }
  }
  print(results);
}

/** Somebody's home, with nothing in it but where the registry is. */
async function atHome(body) {
  const home = mkdtempSync(join(folder, 'home-'));
  mkdirSync(join(home, 'work'));
  const settings = ['fund=false', 'audit=false', 'update-notifier=false', 'fetch-retries=1'];
  writeFileSync(join(home, '.npmrc'), [`registry=${registry.url}`, ...settings, ''].join('\n'));
  try {
    return await body(home);
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function environment(home) {
  return {
    PATH: process.env.PATH,
    HOME: home,
    TMPDIR: home,
    npm_config_prefix: join(home, 'prefix'),
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
}

/** On a terminal, since without one nobody is asked. */
async function firstQuestion({ ask, question, name }, home) {
  const begun = performance.now();
  const child = spawn('script', ['-qec', `stty rows 40 cols 120; ${ask}`, '/dev/null'], {
    cwd: join(home, 'work'),
    env: environment(home),
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'close');
  const tooLong = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), patience);
  let said = '';
  let asked = null;
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    said += chunk;
    if (asked === null && question.test(stripVTControlCharacters(said))) {
      asked = performance.now() - begun;
      // Ctrl-C, as a person would leave.
      child.stdin.write('\x03');
    }
  }
  clearTimeout(tooLong);
  await ended;
  if (asked === null) throw new Error(`${name} asked nothing:\n${said}`);
  return asked;
}

/** Who gives the last answer has the generator in npm's cache already. */
async function green({ name, fetch, make, check }, home, result) {
  const how = { cwd: join(home, 'work'), env: environment(home) };
  await run(fetch, how, name);
  const unpacked = join(home, '.npm', '_npx');
  Object.assign(result, { size: bytesIn(unpacked), packages: packagesIn(unpacked) });
  const begun = performance.now();
  await run(make, how, name);
  await run(check, { ...how, cwd: join(home, 'work', 'made') }, name);
  return performance.now() - begun;
}

/** npm's own word for it, or the first line. */
function reasonOf({ message }) {
  return (/^npm error network (.+)$/m.exec(message)?.[1] ?? message.split('\n')[0]).trim();
}

async function run(command, options, name) {
  const child = spawn('sh', ['-c', command], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name}: ${command} ended with ${code}\n${said}`);
}

function filesIn(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
}

function bytesIn(path) {
  return filesIn(path).reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function packagesIn(path) {
  const isPackage = ({ parentPath, name }) =>
    name === 'package.json' && /node_modules\/(@[^/]+\/)?[^/]+$/.test(parentPath);
  return filesIn(path).filter(isPackage).length;
}

function print(results) {
  const [ours, ...others] = generators.map(({ name }) => ({ name, ...results.get(name) }));
  for (const other of others) {
    compareTimes('from Enter to the first question, npm cache empty', ours, other, 'question');
    if (other.failed === null) compareTimes('from the last answer to a first green check', ours, other, 'green');
    else
      console.log(
        `from the last answer to a first green check: ${other.name} cannot be measured here (${other.failed})`,
      );
    const [a, b] = [ours, other].map(({ size, packages }) => `${(size / 1e6).toFixed(1)} MB in ${packages} packages`);
    console.log(
      `unpacked for the first question: ${(ours.size / other.size).toFixed(2)} × ${other.name} (${a} : ${b})`,
    );
  }
}

/** `what: 1.7 × other (5.2 s : 3.1 s, 5 rounds)` */
function compareTimes(what, ours, other, key) {
  const [a, b] = [ours, other].map((it) => median(it[key]) / 1000);
  console.log(
    `${what}: ${(a / b).toFixed(2)} × ${other.name} (${a.toFixed(1)} s : ${b.toFixed(1)} s, ${ours[key].length} rounds)`,
  );
}
