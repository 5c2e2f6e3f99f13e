import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectFile } from './inspect-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test.each([
  ['a.c', 'c', 'CR_PLUGIN_REGISTER_DUMMY("a")'],
  ['a.cpp', 'c', 'extern "C" { int cr_plugin_init(void) { return 0; } }'],
  ['latin.c', 'c', Buffer.from('/* M\xfcller */ CR_PLUGIN_REGISTER_DUMMY("a")', 'latin1')],
  ['a.mjs', 'javascript', 'export function cr_plugin_init() {}'],
  ['a.cts', 'javascript', 'exports.cr_plugin_init = (): number => 0;'],
])('%s is taken for %s', async (name, format, content) => {
  const path = write(name, content);
  expect(await inspectFile(path)).toMatchObject({ path, format });
});

test.each([
  ['none.c', undefined, 'PLUGIN_NOT_FOUND', /there is no such file/],
  ['.', undefined, 'PLUGIN_INVALID', /it is not a file/],
  ['a.txt', 'CR_PLUGIN_REGISTER_DUMMY("a")', 'PLUGIN_INVALID', /its kind is unknown/],
  ['b.c', 'int\0x', 'PLUGIN_INVALID', /neither text nor an ELF file/],
  ['b.so', 'not compiled', 'PLUGIN_INVALID', /its kind is unknown/],
  ['c.so', '\x7fELF', 'PLUGIN_INVALID', /damaged ELF file/],
  ['large.c', ' '.repeat(9 << 20), 'PLUGIN_INVALID', /a text of 9437184 bytes/],
])('%s is refused', async (name, content, code, message) => {
  const path = content === undefined ? join(folder, name) : write(name, content);
  const error = await inspectFile(path).catch((it: unknown) => it);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message), remedy: expect.any(String) });
  expect((error as Error).message).toContain(path);
});
