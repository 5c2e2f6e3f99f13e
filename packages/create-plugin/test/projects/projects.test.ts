import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { criu, criuMissing } from '../../../core/test/harness/machine.ts';
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

  test('shows with `npm run dev` what it is asked', async () => {
    const said = await workshop.run(folder, ['npm', 'run', 'dev']);
    expect(said).toMatch(/It runs as \d+\. It had counted to \d+, and has now come to \d+\./);
    expect(existsSync(join(folder, 'images'))).toBe(false);
  });
});
