import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPorted } from './read-ported.ts';

const whole = { partial: false };
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
  const text = `static int dump_it(int fildes, int ident) { return open("/dev/radio", 0); }
    CR_PLUGIN_REGISTER("device_plugin", start, NULL)
    CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_it)
    CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__FLY, fly)`;
  expect(await readPorted(write('plugin.c', text), whole)).toEqual({
    source: 'plugin.c',
    format: 'c',
    structure: 'descriptor',
    name: 'device_plugin',
    init: 'start',
    exit: null,
    hooks: [{ hook: 'DUMP_EXT_FILE', function: 'dump_it', parameters: ['fildes', 'ident'] }],
    unknown: ['CR_PLUGIN_HOOK__FLY'],
    hooksRead: '1 hook read: DUMP_EXT_FILE',
    complete: true,
    notes: [],
    devices: ['/dev/radio'],
  });
});

test('a compiled one, whose functions have no names', async () => {
  expect(await readPorted(compiled('aarch64'), whole)).toMatchObject({
    format: 'elf',
    structure: 'descriptor',
    name: 'device_plugin',
    init: '',
    exit: '',
    hooks: [
      { hook: 'DUMP_EXT_FILE', function: '', parameters: null },
      { hook: 'RESTORE_EXT_FILE', function: 'restore_it', parameters: null },
      { hook: 'PAUSE_DEVICES', function: '', parameters: null },
      { hook: 'CHECKPOINT_DEVICES', function: '', parameters: null },
    ],
  });
});

test('a module in JavaScript', async () => {
  const text = 'exports.cr_plugin_fini = () => {};\nexports.crPluginDumpUnixSk = async (fd, inode) => -95;';
  expect(await readPorted(write('old.cjs', text), whole)).toMatchObject({
    format: 'javascript',
    structure: 'functions',
    name: null,
    init: null,
    exit: 'cr_plugin_fini',
    hooks: [{ hook: 'DUMP_UNIX_SK', function: 'crPluginDumpUnixSk', parameters: ['fd', 'inode'] }],
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
  await expect(readPorted(path, whole)).rejects.toMatchObject({
    name: 'CreateError',
    code,
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(/\.$/),
  });
});

test('one of which the code cannot be followed is refused: its hooks are not known', async () => {
  await expect(readPorted(compiled('s390x'), whole)).rejects.toMatchObject({
    code: 'PORT_UNREADABLE',
    message: expect.stringMatching(/could not be followed \(s390x\)/),
  });
});

test('one that is not all read is taken as far as it is, where that is wanted', async () => {
  const path = write(
    'partly.c',
    'CR_PLUGIN_REGISTER_DUMMY("partly")\nCR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, f)\n#include "gpu.h"',
  );
  await expect(readPorted(path, whole)).rejects.toMatchObject({
    code: 'PORT_UNREADABLE',
    message: expect.stringMatching(
      /^not all hooks of .*partly\.c can be read: #include "gpu\.h" in partly\.c:3 was not read .*\. 1 hook read: PAUSE_DEVICES; there may be more$/,
    ),
    remedy: expect.stringMatching(/^Go on with what was read \(--partial\), or /),
  });
  expect(await readPorted(path, { partial: true })).toMatchObject({
    hooks: [{ hook: 'PAUSE_DEVICES' }],
    hooksRead: '1 hook read: PAUSE_DEVICES; there may be more',
    complete: false,
    notes: [expect.stringContaining('"gpu.h" in partly.c:3')],
  });
  await expect(readPorted(compiled('s390x'), whole)).rejects.toMatchObject({
    remedy: expect.stringContaining('--partial'),
  });
  expect(await readPorted(compiled('s390x'), { partial: true })).toMatchObject({ hooks: [], complete: false });
});
