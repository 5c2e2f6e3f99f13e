import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginHost, type HostError } from './index.ts';

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-stack-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a plugin, whose hook has `body` in line 10, and tells what that fails with. */
async function failure(file: string, body: string): Promise<HostError> {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `import { definePlugin, hook, PluginError } from '@criujs/plugin-sdk';
import { readFile } from 'node:fs/promises';
import { dig } from './dig.js';
import { lift } from './node_modules/lift/index.js';
void [dig, lift, readFile, PluginError];

export default definePlugin({
  name: 'p',
  hooks: [hook('PAUSE_DEVICES', async () => {
    ${body}
  })],
});
`,
  );
  write(join(dirname(path), 'dig.js'), 'export const dig = () => {\n  undefined.deeper;\n};\n');
  write(join(dirname(path), 'node_modules', 'lift', 'index.js'), 'export const lift = () => {\n  undefined.up;\n};\n');
  return failureOf(path);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  writeFileSync(join(dirname(path), 'package.json'), '{ "type": "module" }');
}

async function failureOf(path: string): Promise<HostError> {
  const host = await createPluginHost({ plugins: [path], images: folder });
  await host.start('dump');
  const failing = host.call('PAUSE_DEVICES', { pid: 7 as never });
  const error = await failing.then(
    () => expect.unreachable('the call should have failed'),
    (thrown: HostError) => thrown,
  );
  await host.finish({ ok: false, error });
  return error;
}

test.each([
  [
    'in TypeScript',
    'typed/p.ts',
    'undefined.x;',
    /^plugin p: PAUSE_DEVICES of process 7 failed: .* \(at .*typed\/p\.ts:10:\d+\)$/,
  ],
  // Which line it is shows in test/process.test.ts: here vitest has changed the module.
  ['in JavaScript', 'plain/p.mjs', 'undefined.x;', / \(at .*plain\/p\.mjs:\d+:\d+\)$/],
  ['after an await', 'waits/p.ts', 'await null; undefined.x;', / \(at .*waits\/p\.ts:10:\d+\)$/],
  ['in another file of the plugin', 'deep/p.ts', 'dig();', / \(at .*deep\/dig\.js:2:\d+\)$/],
  ['in a package that it uses', 'uses/p.ts', 'lift();', / \(at .*uses\/p\.ts:10:\d+\)$/],
  ['by Node', 'node/p.ts', "await readFile('/nothing/at/all');", / \(at .*node\/p\.ts:10:\d+\)$/],
])('what is thrown %s is told with its line', async (_, file, body, message) => {
  const error = await failure(file, body);
  expect(error.message).toMatch(message);
  expect(error.message).toContain(join(folder, dirname(file)));
});

test('a plugin may be reached by a symbolic link', async () => {
  await failure('real/p.ts', 'undefined.x;');
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  expect((await failureOf(join(folder, 'link', 'p.ts'))).message).toMatch(/real\/p\.ts:10:\d+\)$/);
});

test('a path below the current directory is told from there', async () => {
  const before = process.cwd;
  process.cwd = () => folder;
  try {
    expect((await failure('here/p.ts', 'undefined.x;')).message).toMatch(/ \(at here\/p\.ts:10:\d+\)$/);
  } finally {
    process.cwd = before;
  }
});

test.each([
  ['an error that was made for people', "throw new PluginError('no such device');", 'failed: no such device'],
  ['an error without a stack', "const error = new Error('x'); error.stack = undefined; throw error;", 'failed: x'],
  ['no error', "throw 'x';", "failed: threw 'x'"],
])('%s has no line', async (what, body, message) => {
  const error = await failure(`${what.replaceAll(' ', '-')}/p.ts`, body);
  expect(error.message).toBe(`plugin p: PAUSE_DEVICES of process 7 ${message}`);
});
