// How the demo tells what it does, and how it runs criujs: as a user would, by name.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code) => (text) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);

export function title(text) {
  console.log(`\n${bold(text)}`);
}

export function note(text) {
  console.log(`  ${text}`);
}

/** Tells what must hold, and ends the demo when it does not. */
export function expect(what, holds) {
  console.log(`  ${holds ? green('✓') : red('✗')} ${what}`);
  if (!holds) throw new Error(`this was not so: ${what}`);
}

export function failed(error) {
  console.log(`\n${red('The demo failed:')} ${error.message}`);
}

export function passed(text) {
  console.log(`\n${green(text)}`);
}

/** The environment of a user who has criujs in PATH. */
export const environment = { ...process.env, PATH: `${binaries()}${delimiter}${process.env.PATH ?? ''}` };

function binaries() {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const found = join(directory, 'node_modules', '.bin');
    if (existsSync(join(found, 'criujs'))) return found;
    if (directory === dirname(directory))
      throw new Error('there is no criujs in any node_modules/.bin above: run `npm ci` first');
  }
}

/** Shows a command, runs it, shows what it said. */
export async function show(command, cwd) {
  console.log(`  ${dim('$')} ${command.map(quote).join(' ')}`);
  const result = await run(command, cwd);
  for (const line of result.all.trimEnd().split('\n')) {
    if (line !== '') console.log(`  ${dim('|')} ${line}`);
  }
  return result;
}

/** Runs a command and waits for its end. */
export function run([name, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '', all: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
        said.all += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

function quote(word) {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
