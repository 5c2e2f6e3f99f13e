import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('the author’s own files beside a text in C are read, and nothing that is no file', async () => {
  mkdirSync(join(folder, 'src'));
  mkdirSync(join(folder, 'include'));
  const add = (hook: string): string => `CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${hook}, f)\n`;
  write('include/own.h', `#include "more.inc"\n${add('DUMP_EXT_FILE')}`);
  write('include/more.inc', add('PAUSE_DEVICES'));
  const includes = ['own.h', 'pipe.h', '.', '/etc/hostname'].map((it) => `#include "${it}"\n`).join('');
  const path = write('src/plugin.c', `CR_PLUGIN_REGISTER_DUMMY("a")\n${includes}`);
  execFileSync('mkfifo', [join(folder, 'src/pipe.h')]);
  const found = await inspectFile(path);
  expect(found.hooks.map((it) => it.hook)).toEqual(['DUMP_EXT_FILE', 'PAUSE_DEVICES']);
  expect(found).toMatchObject({
    complete: false,
    notes: [
      expect.stringMatching(/"pipe\.h" in plugin\.c:3 was not read \(it is not a plain file\)/),
      expect.stringMatching(/"\." in plugin\.c:4 was not read \(it is not a plain file\)/),
      expect.stringMatching(/"\/etc\/hostname" in plugin\.c:5 was not read \(it is not beside the source\)/),
    ],
  });
  write('include/large.h', ' '.repeat(9 << 20));
  const large = write('src/large.c', 'CR_PLUGIN_REGISTER_DUMMY("a")\n#include "large.h"');
  expect(await inspectFile(large)).toMatchObject({ notes: [expect.stringMatching(/there is too much to read/)] });
});

test('other sources of a plugin beside its own are told, and those of other plugins are not', async () => {
  mkdirSync(join(folder, 'several'));
  const hook = 'CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, f)\n';
  const main = write('several/main.c', `CR_PLUGIN_REGISTER_DUMMY("a")\n#include "part.c"\n`);
  write('several/part.c', hook);
  write('several/other.c', `CR_PLUGIN_REGISTER("b", NULL, NULL)\n${hook}`);
  write('several/tool.c', 'int main(void) { return 0; }');
  expect(await inspectFile(main)).toMatchObject({ complete: true, hooks: [{ hook: 'PAUSE_DEVICES' }] });
  write('several/more.c', `\n${hook}`);
  expect(await inspectFile(main)).toMatchObject({
    complete: false,
    notes: ['more.c:2 beside it registers hooks: those of this plugin are not here'],
  });
});
