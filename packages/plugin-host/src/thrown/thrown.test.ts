import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Thrown } from '@criujs/plugin-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thrownLines } from '../facts/thrown-text.ts';
import { createPluginHost, type HostError } from '../index.ts';

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

async function failureOf(plugin: string): Promise<HostError> {
  const host = await createPluginHost({ plugins: [plugin], images: folder });
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
    /^plugin p: PAUSE_DEVICES of process 7 failed: .* \(at .*typed\/p\.ts:10:15\)$/,
  ],
  [
    'where types were taken out',
    'stripped/p.ts',
    'const one: Map<string, number> = new Map<string, number>(); (one as unknown as { x: { y: 1 } }).x.y;',
    / \(at .*stripped\/p\.ts:10:103\)$/,
  ],
  // Which line it is shows in test/process.test.ts: here vitest has changed the module.
  ['in JavaScript', 'plain/p.mjs', 'undefined.x;', / \(at .*plain\/p\.mjs:\d+:\d+\)$/],
  ['after an await', 'waits/p.ts', 'await null; undefined.x;', / \(at .*waits\/p\.ts:10:27\)$/],
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

test('an error that was made for people is told without its line, which is there to be looked up', async () => {
  const error = await failure('told/p.ts', "throw new PluginError('no such device');");
  expect(error.message).toBe('plugin p: PAUSE_DEVICES of process 7 failed: no such device');
  expect(error.thrown).toMatchObject({
    name: 'PluginError',
    at: { file: join(folder, 'told/p.ts'), line: 10, column: 11 },
  });
  expect(error.remedy).toBe(
    `Give the PluginError at ${join(folder, 'told/p.ts')}:10:11 a remedy that says what to do about it.`,
  );
});

test.each([
  ['an error without a stack', "const error = new Error('x'); error.stack = undefined; throw error;", 'failed: x'],
  ['no error', "throw 'x';", "failed: threw 'x'"],
])('%s has no line', async (what, body, message) => {
  const error = await failure(`${what.replaceAll(' ', '-')}/p.ts`, body);
  expect(error.message).toBe(`plugin p: PAUSE_DEVICES of process 7 ${message}`);
  expect(error.thrown?.at).toBe(undefined);
  expect(error.remedy).toBe('Fix plugin p, or run without it.');
});

test("the author's own calls are told, and each cause with its place", async () => {
  const body =
    "const cause = new AggregateError([new TypeError('a', { cause: new Error('deep') }), 'b'], 'both'); throw new Error('no', { cause });";
  const { thrown } = await failure('chain/p.ts', body);
  const at = (column: number): object => ({ file: join(folder, 'chain/p.ts'), line: 10, column });
  expect(thrown).toMatchObject({ name: 'Error', message: 'no', at: at(110), frames: [at(110)] });
  expect(thrown?.causes).toEqual([
    { name: 'AggregateError', message: 'both', at: expect.objectContaining(at(19)), depth: 1, as: 'cause' },
    { name: 'TypeError', message: 'a', at: expect.objectContaining(at(39)), depth: 2, as: 'error' },
    { name: 'Error', message: 'deep', at: expect.objectContaining(at(67)), depth: 3, as: 'cause' },
    { name: 'string', message: "'b'", depth: 2, as: 'error' },
  ]);
  expect(thrownLines(thrown as Thrown)).toEqual([
    'Error: no',
    `    at ${join(folder, 'chain/p.ts')}:10:110`,
    `caused by: AggregateError: both (at ${join(folder, 'chain/p.ts')}:10:19)`,
    `  one of its errors: TypeError: a (at ${join(folder, 'chain/p.ts')}:10:39)`,
    `    caused by: Error: deep (at ${join(folder, 'chain/p.ts')}:10:67)`,
    "  one of its errors: threw 'b'",
  ]);
});

test('an error of Node without a place has that of the cause that has one', async () => {
  const body =
    "const cause = new Error('mine'); const error = new Error('x', { cause }); error.stack = 'Error: x'; throw error;";
  const error = await failure('borrowed/p.ts', body);
  expect(error.message).toMatch(/ failed: x \(at .*borrowed\/p\.ts:10:19\)$/);
});

test.each([
  ['a ring of causes', "const e = new Error('x'); e.cause = e; throw e;"],
  ['two rings', "const a = new Error('x'); const b = new Error('y', { cause: a }); a.cause = b; throw b;"],
  ['a proxy', "throw new Proxy(new Error('x'), { get() { throw new Error('a trap'); } });"],
  [
    'getters that throw',
    "throw Object.defineProperty(new Error('x'), 'cause', { get() { throw new Error('a trap'); } });",
  ],
  ['a list of errors that is none', "throw Object.assign(new Error('x'), { errors: { length: 1e9 } });"],
  [
    'a list of errors that throws',
    "throw Object.assign(new Error('x'), { errors: new Proxy([], { get() { throw 1; } }) });",
  ],
  ['a stack that is no text', "throw Object.assign(new Error('x'), { stack: { toString() { throw 1; } } });"],
])('%s is harmless', async (what, body) => {
  const error = await failure(`hostile-${what.replaceAll(' ', '-')}/p.ts`, body);
  expect(error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'p' });
  expect(structuredClone(error.thrown)).toEqual(error.thrown);
  expect(thrownLines(error.thrown as Thrown).length).toBeGreaterThan(0);
});

test('what is told is limited, however much was thrown', async () => {
  const body = `let cause = new Error('y'.repeat(1e6)); for (let i = 0; i < 1000; i++) cause = new Error('x'.repeat(1e6), { cause, });
    throw new AggregateError(Array.from({ length: 1000 }, () => cause), 'z'.repeat(1e7));`;
  const error = await failure('huge/p.ts', body);
  expect(error.message.length).toBeLessThan(5000);
  expect(JSON.stringify(error.thrown).length).toBeLessThan(100_000);
  expect(error.thrown?.causes.length).toBeGreaterThan(5);
});

test('a stack that was made to look long is read in no time', async () => {
  const stack = `Error: x\n${'    at '.repeat(8000)}${' (/'.repeat(8000)}`;
  const before = performance.now();
  const error = await failure('long/p.ts', `throw Object.assign(new Error('x'), { stack: ${JSON.stringify(stack)} });`);
  expect(error.thrown?.frames).toEqual([]);
  expect(performance.now() - before).toBeLessThan(5000);
});
