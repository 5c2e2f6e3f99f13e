import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { criu, criuMissing, root } from '../../../core/test/harness/machine.ts';
import { kindIds } from '../../src/answers.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

// New projects, made as a user makes them, do what their author will ask of them. Those with everything always, and with
// CRIUJS_ALL_PROJECTS=1 each kind, with and without options; `registry/kinds.test.ts` makes each kind without options.

const everything = kindIds.join(',');
const some: readonly (readonly [handles: string, options: boolean])[] = [
  [everything, true],
  [everything, false],
];
const all = [everything, ...kindIds].flatMap((handles) => [[handles, true] as const, [handles, false] as const]);
const projects = process.env['CRIUJS_ALL_PROJECTS'] === '1' ? all : some;

const noCriu = criuMissing();

/** What an editor is told of the plugin when it is attached. */
const tellSourceMaps = `
  import { Session } from 'node:inspector';
  const session = new Session();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params: { url, sourceMapURL } }) => {
    if (url.endsWith('/src/index.ts')) console.log('src/index.ts has a source map:', sourceMapURL.startsWith('data:application/json'));
  });
  session.post('Debugger.enable');
`;

let workshop: Workshop;

beforeAll(() => {
  workshop = openWorkshop();
});

afterAll(() => workshop.remove());

// Its own tests have ten minutes, which no outer limit may cut short.
describe.each(projects)('a plugin for %s, options: %s', { timeout: 900_000 }, (handles, options) => {
  const name = `criujs-plugin-${handles === everything ? 'everything' : handles}${options ? '' : '-plain'}`;
  let folder: string;

  beforeAll(async () => {
    folder = await workshop.create(name, ['--handles', handles, options ? '--options' : '--no-options']);
  });

  test('is lint-free, typed, and has nothing that it does not use', async () => {
    await workshop.run(folder, ['npm', 'run', 'lint']);
    await workshop.run(folder, ['npm', 'run', 'typecheck']);
    await workshop.run(folder, ['knip', '--no-progress']);
  });

  test('passes its own tests', async () => {
    const said = await workshop.run(folder, ['npm', 'test', '--', '--reporter', 'json']);
    const report = JSON.parse(said.slice(said.indexOf('{'))) as { numPassedTests: number; success: boolean };
    expect(report.success).toBe(true);
    expect(report.numPassedTests).toBeGreaterThan(2);
  });

  test('builds a package that is as it should be', async () => {
    await workshop.run(folder, ['npm', 'run', 'build']);
    await workshop.run(folder, ['publint', '--strict']);
    await workshop.run(folder, ['attw', '--pack', '.', '--profile', 'esm-only']);
    expect(readdirSync(join(folder, 'dist')).filter((it) => it.endsWith('.d.ts'))).toContain('index.d.ts');
    const packed = await workshop.run(folder, ['npm', 'pack', '--dry-run', '--json']);
    const [{ files }] = JSON.parse(packed.slice(packed.indexOf('['), packed.lastIndexOf(']') + 1));
    const paths = files.map((it: { path: string }) => it.path);
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'package.json']));
    expect(paths.filter((it: string) => /^(test|example|\.)/.test(it))).toEqual([]);
  });

  test.skipIf(noCriu)(`serves a real CRIU as well${noCriu ? ` (${noCriu})` : ''}`, async () => {
    const script = join(folder, 'example', 'under-criu.ts');
    copyFileSync(new URL('under-criu.ts', import.meta.url), script);
    const said = await workshop.run(folder, ['jiti', script, criu ?? '']);
    rmSync(script);
    expect(said).toMatch(/it went on from \d+ to \d+/);
    if (handles === everything) {
      for (const hook of [
        'DUMP_EXT_FILE',
        'RESTORE_EXT_FILE',
        'DUMP_UNIX_SK',
        'RESTORE_UNIX_SK',
        'RESUME_DEVICES_LATE',
      ])
        expect(said).toContain(hook);
    }
  });

  test('runs under a debugger as .vscode/launch.json says, with source maps for breakpoints', async () => {
    const { program, args, env } = JSON.parse(readFileSync(join(folder, '.vscode', 'launch.json'), 'utf8'))
      .configurations[0] as { program: string; args: string[]; env: Record<string, string> };
    // Dependencies are in a folder above the project here.
    const jiti = join(root, 'node_modules', program.slice(program.indexOf('jiti/')));
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const said = await workshop.run(folder, [
      'env',
      ...settings,
      process.execPath,
      '--inspect=0',
      '--import',
      `data:text/javascript,${encodeURIComponent(tellSourceMaps)}`,
      jiti,
      ...args,
    ]);
    expect(said).toMatch(/It runs as \d+\./);
    expect(said).toContain('src/index.ts has a source map: true');
  });

  test('runs the example again when a file changes, with `--watch`', async () => {
    const [times, file] = [2, join(folder, 'src', 'index.ts')];
    const child = workshop.start(folder, ['npm', 'run', 'dev', '--', '--watch']);
    let said = '';
    let seen = 0;
    for await (const piece of child.stdout) {
      said += piece;
      const runs = said.split('It runs again when a file in src or example changes.').length - 1;
      if (runs === seen) continue;
      seen = runs;
      if (runs === times) break;
      writeFileSync(file, readFileSync(file));
    }
    await child.end();
    expect(said.match(/It runs as \d+\. It had counted/g)).toHaveLength(times);
  });

  test('shows with `npm run dev` what it is asked', async () => {
    const said = await workshop.run(folder, ['npm', 'run', 'dev']);
    expect(said).toMatch(/It runs as \d+\. It had counted to \d+, and has now come to \d+\./);
    expect(existsSync(join(folder, 'images'))).toBe(false);
  });

  test('shows with `npm run dev` where a hook throws, and of what cause', async () => {
    const file = join(folder, 'src', 'lifecycle.ts');
    const text = readFileSync(file, 'utf8');
    const statement = "const cause: Error = new Error('no disk' as string); throw new TypeError('no note', { cause });";
    const broken = text.replace(/^export async function init\(.*\{$/m, (line) => `${line}\n  ${statement}`);
    const line = broken.split('\n').findIndex((it) => it.includes(statement)) + 1;
    const at = (word: string): string => `src/lifecycle.ts:${line}:${statement.indexOf(word) + 3}`;
    writeFileSync(file, broken);
    try {
      const said = await workshop.run(folder, ['npm', 'run', 'dev']).catch((error: Error) => error.message);
      expect(said).toContain(`init failed: no note (at ${at('new TypeError')})`);
      expect(said).toContain(
        `→ Fix ${at('new TypeError')}, or run without ${name.slice('criujs-plugin-'.length)}. \`npm run dev\` shows`,
      );
      expect(said).toContain('TypeError: no note\n      at ');
      expect(said).toContain(`caused by: Error: no disk (at ${at('new Error')})`);
      expect(said, 'nothing of the engine').not.toMatch(/run-hook|node:internal/);
    } finally {
      writeFileSync(file, text);
    }
  });

  test('has the command line for development, and it takes the folder as the plugin', async () => {
    expect(await workshop.run(folder, ['npm', 'run', 'inspect'])).toContain('RESUME_DEVICES_LATE');
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    const plan = ['criujs', 'plan', '-t', String(child.pid), '--plugin', '.', '--json'];
    const planned = await workshop.run(folder, plan).finally(() => child.kill());
    expect(JSON.parse(planned)).toMatchObject({ ok: true, command: 'plan' });
  });
});
