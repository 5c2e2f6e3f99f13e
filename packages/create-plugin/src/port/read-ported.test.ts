import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPorted } from './read-ported.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-port-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const compiled = (machine: string): string =>
  join(import.meta.dirname, `../../../legacy-compat/test/inspect/descriptor-${machine}.so`);

test('text in C', async () => {
  const text = `CR_PLUGIN_REGISTER("device_plugin", start, NULL)
    CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_it)
    CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__FLY, fly)`;
  expect(await readPorted(write('plugin.c', text))).toEqual({
    source: 'plugin.c',
    format: 'c',
    structure: 'descriptor',
    name: 'device_plugin',
    init: 'start',
    exit: null,
    hooks: [{ hook: 'DUMP_EXT_FILE', function: 'dump_it' }],
    unknown: ['CR_PLUGIN_HOOK__FLY'],
  });
});

test('a compiled one, whose functions have no names', async () => {
  expect(await readPorted(compiled('aarch64'))).toMatchObject({
    format: 'elf',
    structure: 'descriptor',
    name: 'device_plugin',
    init: '',
    exit: '',
    hooks: [
      { hook: 'DUMP_EXT_FILE', function: '' },
      { hook: 'RESTORE_EXT_FILE', function: 'restore_it' },
      { hook: 'PAUSE_DEVICES', function: '' },
      { hook: 'CHECKPOINT_DEVICES', function: '' },
    ],
  });
});

test('a module in JavaScript', async () => {
  const text = 'exports.cr_plugin_fini = () => {};\nexports.crPluginDumpUnixSk = async (fd, inode) => -95;';
  expect(await readPorted(write('old.cjs', text))).toMatchObject({
    format: 'javascript',
    structure: 'functions',
    name: null,
    init: null,
    exit: 'cr_plugin_fini',
    hooks: [{ hook: 'DUMP_UNIX_SK', function: 'crPluginDumpUnixSk' }],
  });
});

test.each([
  ['none.c', null, 'PORT_UNREADABLE', /there is no such file/],
  ['main.c', 'int main(void) { return 0; }', 'PORT_UNREADABLE', /neither calls CR_PLUGIN_REGISTER/],
  ['broken.so', '\x7fELF', 'PORT_UNREADABLE', /damaged ELF file/],
  [
    'some.js',
    'exports.cr_plugin_init = f;\nObject.keys(all).forEach((it) => { exports[it] = all[it]; });',
    'PORT_UNREADABLE',
    /not all hooks .* can be read/,
  ],
  [
    'today.ts',
    "export default definePlugin({ name: 'a', hooks: [] });",
    'PORT_OF_TODAY',
    /is already a current plugin/,
  ],
])('%s is refused, with what to do', async (name, text, code, message) => {
  const path = text === null ? join(folder, name) : write(name, text);
  await expect(readPorted(path)).rejects.toMatchObject({
    name: 'CreateError',
    code,
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(/\.$/),
  });
});

test('one of which the code cannot be followed is refused: its hooks are not known', async () => {
  await expect(readPorted(compiled('s390x'))).rejects.toMatchObject({
    code: 'PORT_UNREADABLE',
    message: expect.stringMatching(/could not be followed \(s390x\)/),
  });
});
