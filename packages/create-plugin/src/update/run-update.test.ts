import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectRecordName, templateVersion } from '../answers.ts';
import { createOutput } from '../output.ts';
import { runUpdate, type UpdateArguments } from './run-update.ts';

const workflow = '.github/workflows/ci.yml';
const matrix = 'jobs:\n  test:\n    strategy:\n      matrix:\n        node: [20, 22, 24]\n';
const first = { template: 1, createdWith: '0.1.0', handles: ['external-file'], options: false, later: 'kept' };

let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-update-'));
  printed = '';
  put(projectRecordName, JSON.stringify(first));
  put(workflow, matrix);
  put('package.json', `${JSON.stringify({ name: 'criujs-plugin-tape', scripts: { test: 'vitest run' } }, null, 2)}\n`);
  put('src/index.ts', "export default definePlugin({\n  name: 'tape',\n  hooks: [hook('DUMP_EXT_FILE', save)],\n});\n");
});

afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com'];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function commit(): void {
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'As it is');
}

async function update({ json = false, ...more }: Partial<UpdateArguments> & { json?: boolean } = {}): Promise<number> {
  const stdout = { write: (text: string) => (printed += text) };
  const output = createOutput({ json, environment: {}, stdout, stderr: stdout });
  return runUpdate({ folder, force: false, dryRun: false, createdWith: '9.8.7', ...more }, output);
}

/** Every file and its text, to see that nothing was changed. */
function everything(): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.git/'));
  const files = names.filter((name) => statSync(join(folder, name)).isFile()).toSorted();
  return Object.fromEntries(files.map((name) => [name, read(name)]));
}

test('a project of template 1 becomes one of today, and tells of every file', async () => {
  commit();
  await expect(update()).resolves.toBe(0);
  expect(read(workflow)).toContain('node: [20, 22, 24, 26]');
  expect(read('AGENTS.md')).toContain('# criujs-plugin-tape');
  expect(JSON.parse(read(projectRecordName))).toEqual({ ...first, template: templateVersion, createdWith: '9.8.7' });
  expect(git('status', '--porcelain', '--untracked-files=all').trim().split('\n')).toEqual([
    `M ${projectRecordName}`,
    ` M ${workflow}`,
    ' M package.json',
    '?? .vscode/settings.json',
    '?? AGENTS.md',
    '?? test/manifest.test.ts',
  ]);
  expect(JSON.parse(read('package.json')).criu).toMatchObject({ plugin: 'tape', hooks: ['DUMP_EXT_FILE'] });
  expect(printed).toContain(`template 1 → ${templateVersion}`);
  expect(printed).toContain(`changed ${workflow} (+1 −1)`);
  expect(printed).toContain('    +        node: [20, 22, 24, 26]\n');
  expect(printed).toMatch(/^new AGENTS\.md \(\+\d+ −0\)$/m);
});

test('a second update has nothing to do, and writes nothing', async () => {
  commit();
  await update();
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Updated');
  printed = '';
  await expect(update()).resolves.toBe(0);
  expect(printed).toContain('nothing to do');
  expect(git('status', '--porcelain')).toBe('');
});

test('a dry run prints the same and changes nothing, committed or not', async () => {
  const before = everything();
  await update({ dryRun: true });
  expect(printed).toContain(`changed ${workflow} (+1 −1)`);
  expect(printed).toContain('nothing was changed');
  expect(everything()).toEqual(before);
});

test('for machines it prints one object', async () => {
  await update({ force: true, json: true });
  const { ok, from, to, dryRun, steps, changes } = JSON.parse(printed);
  expect({ ok, from, to, dryRun }).toEqual({ ok: true, from: 1, to: templateVersion, dryRun: false });
  expect(steps).toMatchObject([
    { to: 2, byHand: [] },
    { to: 3, byHand: [expect.stringContaining('criu.resources')] },
  ]);
  expect(changes).toContainEqual({
    path: workflow,
    before: matrix,
    after: matrix.replace('24]', '24, 26]'),
  });
});

test('what its author changed stays, and the author is told what to do', async () => {
  put(workflow, matrix.replace('[20, 22, 24]', '[22]'));
  put('AGENTS.md', 'mine\n');
  commit();
  await update();
  expect(read(workflow)).toContain('node: [22]');
  expect(read('AGENTS.md')).toBe('mine\n');
  expect(printed).toMatch(/^Left to you:\n {2}- .*add Node 26/m);
});

test('changes that are not committed are named, and the update is refused', async () => {
  commit();
  put('package.json', '{}');
  put('with a blank.txt', 'new');
  const before = everything();
  await expect(update()).rejects.toMatchObject({
    code: 'DIRTY_TREE',
    message: expect.stringMatching(/package\.json, with a blank\.txt$/),
    remedy: expect.stringContaining('--force'),
  });
  expect(everything()).toEqual(before);
  await expect(update({ force: true })).resolves.toBe(0);
  expect(read(workflow)).toContain('26]');
});

test('without git there would be no way back', async () => {
  await expect(update()).rejects.toMatchObject({ code: 'NO_GIT', remedy: expect.stringContaining('git init') });
});

test('a folder that is no project, or is no folder, is refused', async () => {
  rmSync(join(folder, projectRecordName));
  commit();
  const refused = { code: 'NO_PROJECT', remedy: expect.stringContaining('npm create criu-plugin') };
  await expect(update()).rejects.toMatchObject(refused);
  await expect(update({ folder: join(folder, 'nowhere') })).rejects.toMatchObject(refused);
});

test.each([
  ['{', 'not a JSON object'],
  ['[]', 'not a JSON object'],
  [JSON.stringify({ ...first, template: 0 }), '"template"'],
  [JSON.stringify({ ...first, template: '1' }), '"template"'],
  [JSON.stringify({ ...first, createdWith: undefined }), '"createdWith"'],
  [JSON.stringify({ ...first, handles: ['tape'] }), '"tape"'],
  [JSON.stringify({ ...first, options: 'yes' }), '"options"'],
])('a record that cannot be understood is refused: %s', async (text, reason) => {
  put(projectRecordName, text);
  commit();
  await expect(update()).rejects.toMatchObject({ code: 'BAD_RECORD', message: expect.stringContaining(reason) });
});

test('a project of a newer create-criu-plugin is refused', async () => {
  const newer = { ...first, template: templateVersion + 1, createdWith: '99.0.0', handles: ['tape'] };
  put(projectRecordName, JSON.stringify(newer));
  commit();
  await expect(update({ force: true })).rejects.toMatchObject({
    code: 'NEWER_PROJECT',
    message: expect.stringContaining('99.0.0'),
    remedy: expect.stringContaining('create-criu-plugin@latest update'),
  });
});

test('a file that cannot be written: nothing is changed', async () => {
  // The workflow and the record could be written; a folder in the place of the new file cannot be read as one.
  mkdirSync(join(folder, 'AGENTS.md'));
  commit();
  const before = everything();
  await expect(update()).rejects.toMatchObject({ code: 'FILE_ACCESS', message: expect.stringContaining('AGENTS.md') });
  expect(everything()).toEqual(before);
});

test('a link stays a link, and a mode stays', async () => {
  put('real/ci.yml', matrix);
  rmSync(join(folder, workflow));
  symlinkSync('../../real/ci.yml', join(folder, workflow));
  chmodSync(join(folder, 'real/ci.yml'), 0o640);
  commit();
  await update();
  expect(read('real/ci.yml')).toContain('26]');
  expect(statSync(join(folder, 'real/ci.yml')).mode & 0o777).toBe(0o640);
  expect(existsSync(join(folder, 'AGENTS.md'))).toBe(true);
});
