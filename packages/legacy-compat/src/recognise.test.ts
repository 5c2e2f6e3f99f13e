import { definePlugin, type PluginError } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { adaptModule } from './adapt.ts';

const path = '/opt/criu/old.js';
const plugin = definePlugin({ name: 'today', hooks: [] });
const descriptor = { name: 'c', version: 0x200, hooks: [] };
const f = (): number => 0;

function failure(module: unknown): PluginError {
  try {
    adaptModule(module, path);
  } catch (error) {
    return error as PluginError;
  }
  throw new Error('it was taken');
}

test.each([{}, { default: plugin }, { plugin }, { default: { default: plugin } }, { default: f }, { a: 1 }, null, 5])(
  'leaves %s alone',
  (module) => {
    expect(adaptModule(module, path)).toBeUndefined();
  },
);

test('a plugin of today may export what it likes beside', () => {
  expect(adaptModule({ default: plugin, cr_plugin_helper: f }, path)).toBeUndefined();
});

test.each([
  { cr_plugin_init: f },
  { crPluginInit: f },
  { default: { cr_plugin_init: f } },
  { default: { cr_plugin_init: f }, cr_plugin_init: f },
  { cr_plugin_init: f, crPluginInit: f, cr_plugin_fini: undefined },
])('takes functions with CRIU’s names: %o', (module) => {
  expect(adaptModule(module, path)).toMatchObject({ version: '0.1.0', name: expect.stringMatching(/^legacy-old-/) });
});

describe('refuses, with the reason and what to do', () => {
  test.each([
    [{ default: plugin, cr_plugin_init: f }, /mixes structures.*: cr_plugin_init; and a plugin made by definePlugin/],
    [{ plugin, default: { crPluginDumpFile: f } }, /mixes structures.*: crPluginDumpFile; and a plugin made by/],
    [{ CR_PLUGIN_DESC: descriptor, cr_plugin_fini: f }, /mixes structures.*: cr_plugin_fini; and CR_PLUGIN_DESC/],
    [{ CR_PLUGIN_DESC: descriptor, default: plugin }, /mixes structures.*: CR_PLUGIN_DESC; and a plugin made by/],
    [{ cr_plugin_init: f, crPluginInit: () => 1 }, /exports cr_plugin_init and crPluginInit, which are two functions/],
    [{ cr_plugin_dump_file: 5 }, /its cr_plugin_dump_file is not a function/],
    [{ cr_plugin_dump_ext_file: f }, /exports cr_plugin_dump_ext_file, which CRIU does not know/],
    [{ default: { crPluginDumpExtFile: f } }, /exports crPluginDumpExtFile, which CRIU does not know/],
  ])('%o', (module, message) => {
    const error = failure(module);
    expect(error).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringMatching(message) });
    expect(error.message).toContain(path);
    expect(error.remedy).toBeTruthy();
  });
});
