import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Ended, run, runWell } from '../../core/test/harness/command.ts';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { bin } from '../../core/test/harness/engines.ts';
import { keepDescriptors } from '../../core/test/harness/keep-descriptors.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { proc, untilGone } from '../../core/test/harness/processes.ts';
import { until } from '../../core/test/harness/wait.ts';

// Names that a dumped program, a plugin or images have chosen reach a terminal only escaped: on a terminal and off it, in words and in
// JSON, in every message.

/** Sets the title, clears the screen, begins lines that look like ours, turns the writing around, hides itself. */
const hostile = 'x\x1b]0;owned\x07\x1b[2J\ncriujs: forged\n  → forged\r\u202e\u009b31m\u200b\x7f';
/** How an escaped one begins. */
const escaped = 'x\\u{1b}]0;owned\\u{7}\\u{1b}[2J';
/** What a process is called is cut at 15 bytes. */
const command = 'x\x1b[2J\n\u202e';

const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** What picocolors writes for the colours that we use, and yocto-spinner to move in its own line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
const ourSequences = /\x1b\[(?:(?:1|2|22|31|32|33|36|39)m|\?(?:25|2026)[hl]|1[AG]|[02]K)/g;

interface Scene {
  readonly pid: number;
  readonly folder: string;
  readonly file: string;
}

/** A program with such a name, arguments, current directory and open files. */
async function startHostile(place: Place, device: string | null = null): Promise<Scene> {
  const folder = join(place.directory, hostile.replaceAll('/', ''));
  mkdirSync(folder);
  keepDescriptors();
  const program = join(folder, command);
  copyFileSync('/bin/sleep', program);
  const file = join(folder, `file ${hostile}`);
  writeFileSync(file, 'text');
  const node = join(folder, `device ${hostile}`);
  if (device !== null) {
    const { rdev } = statSync(device);
    await runWell(['mknod', node, 'c', String(rdev >> 8), String(rdev & 0xff)]);
  }
  const open = `cd "$1"; exec 5<"$2"${device === null ? '' : '; exec 6<"$4"'}; exec setsid "$3" 100000d </dev/null >/dev/null 2>&1`;
  const pid = Number(await runWell(['sh', '-c', `(${open}) >/dev/null & echo $!`, 'sh', folder, file, program, node]));
  place.track(pid);
  await until('it runs', () => proc(pid, 'comm')?.startsWith('x'));
  return { pid, folder, file };
}

/** Fails unless what was printed is safe, has the name in it, and only lines of ours. */
function expectSafe({ stdout, stderr }: Ended, name: string | null = escaped): void {
  const said = (stdout + stderr).replaceAll('\r\n', '\n').replaceAll(ourSequences, '');
  expect(said.replaceAll('\n', '')).not.toMatch(harmful);
  expect(said).not.toMatch(/^(?:criujs:|\s*→) forged/m);
  if (name !== null) expect(said).toContain(name);
}

/** Runs it off a terminal and on one, and in JSON, as often as it may be done. */
async function inEveryForm(args: readonly string[], cwd: string, name: string | null = escaped): Promise<void> {
  expectSafe(await run([process.execPath, bin, ...args], { cwd }), name);
  expectSafe(await onTerminal(args, cwd), null);
  const { stdout, stderr } = await run([process.execPath, bin, ...args, '--json'], { cwd });
  expectSafe({ code: 0, signal: null, stdout, stderr }, null);
  expect(stdout.trimEnd()).not.toContain('\n');
  expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify('\x1b').slice(1, -1));
}

/** The same on a terminal of its own, with colours: script(1). */
function onTerminal(args: readonly string[], cwd: string): Promise<Ended> {
  const line = [process.execPath, bin, ...args].map((it) => `'${it}'`).join(' ');
  return run(['script', '-qec', line, '/dev/null'], { cwd, env: { TERM: 'xterm', NO_COLOR: '' } });
}

function writePlugin(place: Place, name: string, code: string): string {
  const path = join(place.directory, name);
  const text = JSON.stringify(hostile);
  writeFileSync(
    path,
    `const text = ${text};\nexport default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, ${code} };`,
  );
  return path;
}

describe('names that somebody else has chosen', () => {
  test('in a plan', async ({ place }) => {
    const { pid } = await startHostile(place);
    await inEveryForm(['plan', '-t', `${pid}`], place.directory);
  });

  test.skipIf(!isRoot || unknownDevice === null)(
    'in a dump that is refused (needs root, a device)',
    async ({ place }) => {
      const { pid } = await startHostile(place, unknownDevice);
      await inEveryForm(['dump', '-t', `${pid}`, '-D', place.fresh('images'), '-v'], place.directory);
    },
  );

  test('in what a plugin logs, warns of and fails of', async ({ place }) => {
    const { pid } = await startHostile(place);
    const handler = `handler(_, { log }) {
      log.info(text, { [text]: text }); log.warn(text); log.error(text); throw new Error(text); }`;
    const plugin = writePlugin(
      place,
      'fails.mjs',
      `name: 'fails', hooks: [{ hook: 'CHECKPOINT_DEVICES', ${handler} }]`,
    );
    const dump = ['dump', '-t', `${pid}`, '-D', place.fresh('images'), '-p', plugin];
    for (const more of [[], ['-v']]) await inEveryForm([...dump, ...more], place.directory);
  });

  test('in a dump, in what it shows, and in a restore that fails', async ({ place }) => {
    const { pid, file } = await startHostile(place);
    const handler = `async handler(_, { log, image }) { log.warn(text); await image.writeJson('note', { text }); }`;
    const plugin = writePlugin(
      place,
      'notes.mjs',
      `name: 'notes', hooks: [{ hook: 'CHECKPOINT_DEVICES', ${handler} }]`,
    );
    const images = join(place.directory, 'images');
    const dump = ['dump', '-t', `${pid}`, '-D', images, '-f', '-v', '-p', plugin];
    expectSafe(await run([process.execPath, bin, ...dump, '-R']));
    const dumped = await onTerminal(dump, place.directory);
    expectSafe(dumped);
    expect(dumped.code, dumped.stdout).toBe(0);
    await untilGone(pid);
    await inEveryForm(['show', images], place.directory);
    rmSync(file);
    for (const more of [[], ['-v']])
      await inEveryForm(['restore', '-D', images, '--detach', '--new-pids', '-p', plugin, ...more], place.directory);
  });

  test('in plugins that are inspected and listed', async ({ place }) => {
    const source = join(place.directory, `plugin ${hostile.replaceAll('\n', '')}.c`);
    writeFileSync(source, `CR_PLUGIN_REGISTER("${'\u202e\u009b'}gpu", start, NULL)`);
    expectSafe(await run([process.execPath, bin, 'plugin', 'inspect', source]));
    const folder = join(place.directory, 'node_modules', 'criu-plugin-broken');
    mkdirSync(folder, { recursive: true });
    const manifest = { name: 'criu-plugin-broken', version: hostile, main: 'index.js', keywords: ['criu-plugin'] };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, type: 'module' }));
    writeFileSync(join(folder, 'index.js'), `throw new Error(${JSON.stringify(hostile)});`);
    await inEveryForm(['plugin', 'list'], place.directory);
  });

  test('in a command that cannot be started', async () => {
    expectSafe(await run([process.execPath, bin, 'run', '-v', `/nowhere/${hostile}`]));
  });
});
