import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectC } from './read-c.ts';

const read = (text: string): ReturnType<typeof inspectC> => inspectC(text, 'plugin.c');
const hooksOf = (text: string): readonly string[] => read(text).hooks.map((it) => `${it.hook} ${it.function}`);

const plain = `
#include "criu-plugin.h"
static int start(int stage) { return 0; }
CR_PLUGIN_REGISTER("device", start, finish)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_it)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_it);
`;

describe('macros', () => {
  test('tell name, functions and hooks, in the order of CRIU’s numbers', () => {
    expect(read(plain)).toEqual({
      format: 'c',
      structure: 'descriptor',
      path: 'plugin.c',
      name: 'device',
      version: '0.2.0',
      init: { name: 'start' },
      exit: { name: 'finish' },
      hooks: [
        { hook: 'DUMP_EXT_FILE', function: 'dump_it', parameters: null },
        { hook: 'RESTORE_EXT_FILE', function: 'restore_it', parameters: null },
      ],
      unknown: [],
      internalHeaders: [],
      devices: [],
      complete: true,
      notes: [],
    });
  });

  test('are read in any layout', () => {
    const text = `
      CR_PLUGIN_\\
REGISTER /* "no" */ (
        "de" "vice" // not "this"
        , start,
        &finish ) CR_PLUGIN_REGISTER_HOOK(
          CR_PLUGIN_HOOK__DUMP_EXT_FILE, (void *)dump_it)`.replaceAll('\n', '\r\n');
    expect(read(text)).toMatchObject({ name: 'device', init: { name: 'start' }, exit: { name: 'finish' } });
    expect(hooksOf(text)).toEqual(['DUMP_EXT_FILE dump_it']);
  });

  test('are no macros in comments, texts, functions and definitions of macros', () => {
    const text = `${plain}
      // CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, a)
      /* CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, a) */
      static const char *help = "CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, a)\\"";
      #define BOTH(f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, f) \\
        CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__CHECKPOINT_DEVICES, f)
      void f(void) { CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, a) }`;
    expect(hooksOf(text)).toEqual(hooksOf(plain));
  });

  test('may take what names stand for', () => {
    const text = `
      #define BASE "dev" /* the family */
      #define NAME BASE
      #define HOOK CR_PLUGIN_HOOK__PAUSE_DEVICES
      #define HANDLER (pause_it)
      CR_PLUGIN_REGISTER(NAME "ice", start, NULL)
      CR_PLUGIN_REGISTER_HOOK(HOOK, HANDLER)`;
    expect(read(text)).toMatchObject({ name: 'device', init: { name: 'start' }, exit: null });
    expect(hooksOf(text)).toEqual(['PAUSE_DEVICES pause_it']);
  });

  test('a dummy has neither init nor exit', () => {
    expect(read('CR_PLUGIN_REGISTER_DUMMY("device")')).toMatchObject({
      name: 'device',
      init: null,
      exit: null,
      hooks: [],
    });
  });

  test('unknown hooks are told by name', () => {
    const { hooks, unknown } = read(`CR_PLUGIN_REGISTER_DUMMY("d") CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__FLY, fly)`);
    expect([hooks, unknown]).toEqual([[], [{ hook: 'CR_PLUGIN_HOOK__FLY', function: 'fly' }]]);
  });
});

describe('conditions', () => {
  test('#if 0 is left out, and the #else of #if 1', () => {
    const text = `
      #if 0
      don't CR_PLUGIN_REGISTER("old", a, b)
      #if 1
      CR_PLUGIN_REGISTER("inner", a, b)
      #endif
      #else
      CR_PLUGIN_REGISTER("new", a, b)
      #endif
      #if 1
      #else
      CR_PLUGIN_REGISTER("never", a, b)
      #endif`;
    expect(read(text)).toMatchObject({ name: 'new', notes: [] });
  });

  test('of all others both ways are looked at, and said', () => {
    const text = `${plain}
      #ifdef CONFIG_GPU /* a setting */
      CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, pause_it)
      #endif
      #ifndef OTHER
      #endif`;
    expect(hooksOf(text)).toContain('PAUSE_DEVICES pause_it');
    expect(read(text).notes).toEqual(['PAUSE_DEVICES depends on `#ifdef CONFIG_GPU` (plugin.c:8): it was taken']);
  });
});

describe('a descriptor that is written out', () => {
  test.each([
    `cr_plugin_desc_t CR_PLUGIN_DESC = {
      .name = "device", .init = start, .version = CRIU_PLUGIN_VERSION, .max_hooks = CR_PLUGIN_HOOK__MAX,
      .hooks = { [CR_PLUGIN_HOOK__DUMP_EXT_FILE] = (void *)dump_it, [10] = pause_it, [99] = fly, [3] = NULL },
    };`,
    `cr_plugin_desc_t CR_PLUGIN_DESC = { "device", start, NULL, 0x200, 100,
      { 0, 0, dump_it, 0, 0, 0, 0, 0, 0, 0, pause_it, [99] = fly } };`,
  ])('by names or in order: %#', (text) => {
    expect(read(text)).toMatchObject({ name: 'device', version: '0.2.0', init: { name: 'start' }, exit: null });
    expect(hooksOf(text)).toEqual(['DUMP_EXT_FILE dump_it', 'PAUSE_DEVICES pause_it']);
    expect(read(text).unknown).toEqual([{ hook: '99', function: 'fly' }]);
  });
});

describe('functions with fixed names', () => {
  const text = `
    int cr_plugin_restore_file(int id);
    extern "C" {
    int cr_plugin_init(void)
    { return cr_plugin_pause_devices(3); }
    void __attribute__((visibility("default")))
    cr_plugin_fini(void) {}
    int cr_plugin_dump_file (int fd, int id) __attribute__((used)) { return -ENOTSUP; }
    }
    static int cr_plugin_dump_unix_sk(int fd, int id) { return 0; }
    int cr_plugin_dump_ext_file(int fd, int id) { return 0; }
    static const struct ops o = { .f = cr_plugin_post_forking };`;

  test('are taken where they are defined, not where they are declared or called', () => {
    expect(read(text)).toMatchObject({
      structure: 'functions',
      name: null,
      version: '0.1.0',
      init: { name: 'cr_plugin_init' },
      exit: { name: 'cr_plugin_fini' },
      hooks: [{ hook: 'DUMP_EXT_FILE', function: 'cr_plugin_dump_file', parameters: ['fd', 'id'] }],
      unknown: [{ hook: 'cr_plugin_dump_ext_file', function: 'cr_plugin_dump_ext_file' }],
      notes: ['cr_plugin_dump_unix_sk in plugin.c:10 is static: CRIU does not see it'],
    });
  });

  test('beside a descriptor they are its functions, as for CRIU', () => {
    const both = `${text} CR_PLUGIN_REGISTER("device", cr_plugin_init, cr_plugin_fini)`;
    expect(read(both)).toMatchObject({
      structure: 'descriptor',
      name: 'device',
      hooks: [],
      init: { name: 'cr_plugin_init' },
    });
  });
});

test.each([
  ['int main(void) { return 0; }', /neither calls CR_PLUGIN_REGISTER nor defines/],
  ['CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, a)', /registers hooks, but not itself/],
  ['CR_PLUGIN_REGISTER("a", b, c)\nCR_PLUGIN_REGISTER("d", b, c)', /twice, in lines 1 and 2/],
  ['CR_PLUGIN_REGISTER("a", b', /in line 1 has no closing parenthesis/],
  ['\n/* CR_PLUGIN_REGISTER("a", b, c)', /comment that begins in line 2 does not end/],
  ['', /cannot be read as a plugin/],
])('%o is refused, with what to do', (text, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: 'PLUGIN_INVALID',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    }),
  );
});

test('whatever a text says, it is read or refused', () => {
  const parts = [
    'CR_PLUGIN_REGISTER',
    '(',
    ')',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '\n',
    '#if 0',
    '#else',
    '#endif',
    '#define A A',
    ',',
    'cr_plugin_init',
    '/*',
    '*/',
    '//',
    'CR_PLUGIN_DESC = {',
    '.name',
    '=',
    '[',
    ']',
    'static',
    '"a"',
    'A',
    '\\\n',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 3 })), { maxLength: 60 }),
      (words) => {
        try {
          read(words.join(' '));
        } catch (error) {
          expect(error).toMatchObject({ name: 'PluginError', code: 'PLUGIN_INVALID' });
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test.each(['(', 'cr_plugin_init(', 'CR_PLUGIN_REGISTER(', '"\\', "'\\", '/', '#define A ', 'static ', '((x)', '{[('])(
  'a hundred thousand of %o do not keep it long',
  (part) => {
    const text = part.repeat(100_000);
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'PLUGIN_INVALID' }));
    expect(() => read(`CR_PLUGIN_REGISTER(${text}`)).toThrow(expect.objectContaining({ code: 'PLUGIN_INVALID' }));
  },
);
