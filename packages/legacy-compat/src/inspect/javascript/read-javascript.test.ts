import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectJavaScript } from './read-javascript.ts';

const read = (text: string, path = 'plugin.js'): ReturnType<typeof inspectJavaScript> => inspectJavaScript(text, path);
const hooksOf = (text: string, path?: string): readonly string[] =>
  read(text, path).hooks.map((it) => `${it.hook} ${it.function}`);

describe('functions with fixed names', () => {
  test.each([
    ['exports by name', 'export function cr_plugin_dump_file() {}\nexport const cr_plugin_init = () => 0;'],
    ['exports by list', 'function a() {}\nconst b = a;\nexport { a as cr_plugin_dump_file, b as cr_plugin_init };'],
    ['exports of another module', "export { a as cr_plugin_dump_file, b as cr_plugin_init } from './other.js';"],
    ['a default object', 'export default { cr_plugin_dump_file() {}, cr_plugin_init: async () => 0 };'],
    ['a default object by name', 'const it = { cr_plugin_dump_file() {}, cr_plugin_init() {} };\nexport default it;'],
    [
      'CommonJS, one by one',
      'exports.cr_plugin_dump_file = (fd) => 0;\nmodule.exports.cr_plugin_init = function () {};',
    ],
    [
      'CommonJS, by other names of exports',
      "this.cr_plugin_dump_file = (fd) => 0;\nmodule['exports'].cr_plugin_init = function () {};",
    ],
    [
      'CommonJS, as a whole',
      'const init = () => 0;\nmodule.exports = { cr_plugin_dump_file(fd) {}, cr_plugin_init: init };',
    ],
    [
      'CommonJS with Object.assign',
      'Object.assign(module.exports, { cr_plugin_dump_file() {}, cr_plugin_init() {} });',
    ],
    [
      'an object in another',
      'const a = { cr_plugin_dump_file() {} };\nmodule.exports = { ...a, cr_plugin_init() {} };',
    ],
    ['under a condition', 'if (process.platform) { exports.cr_plugin_dump_file = f; }\nexports.cr_plugin_init = g;'],
    [
      'what a compiler makes of ESM',
      `"use strict";
      Object.defineProperty(exports, "__esModule", { value: true });
      exports.cr_plugin_init = exports.cr_plugin_dump_file = void 0;
      const cr_plugin_dump_file = () => 0;
      exports.cr_plugin_dump_file = cr_plugin_dump_file;
      exports.cr_plugin_init = () => 0;`,
    ],
  ])('are read from %s', (_, text) => {
    expect(read(text)).toMatchObject({
      format: 'javascript',
      structure: 'functions',
      name: null,
      version: '0.1.0',
      init: { name: 'cr_plugin_init' },
      exit: null,
      hooks: [{ hook: 'DUMP_EXT_FILE', function: 'cr_plugin_dump_file' }],
      unknown: [],
      complete: true,
      notes: [],
    });
  });

  test('keep their spelling', () => {
    expect(hooksOf('export const crPluginDumpUnixSk = async () => -95;')).toEqual(['DUMP_UNIX_SK crPluginDumpUnixSk']);
  });

  test('are read from TypeScript', () => {
    const text = `
      import type { Stats } from 'node:fs';
      interface Out<T> { value: T }
      enum Answer { No = -95 }
      export type Id = number;
      export async function cr_plugin_restore_file<T extends Id>(id: T, retry?: Out<boolean>): Promise<number> { return id!; }
      export const crPluginHandleDeviceVma = ((fd: number, stat: Stats): number => Answer.No) satisfies Function as unknown;`;
    expect(hooksOf(text, 'plugin.ts')).toEqual([
      'RESTORE_EXT_FILE cr_plugin_restore_file',
      'HANDLE_DEVICE_VMA crPluginHandleDeviceVma',
    ]);
    expect(hooksOf('const it = { cr_plugin_dump_file(fd: number) {} };\nexport = it;', 'plugin.cts')).toHaveLength(1);
  });

  test('strangers are told beside them', () => {
    const text = 'export const cr_plugin_fini = f, cr_plugin_dump_ext_file = f;';
    expect(read(text).unknown).toEqual([{ hook: 'cr_plugin_dump_ext_file', function: 'cr_plugin_dump_ext_file' }]);
  });
});

describe('CR_PLUGIN_DESC', () => {
  test.each([
    'export const CR_PLUGIN_DESC = { name: "dev", version: 0x102, init(stage) {}, exit: finish, hooks: [, , dumpIt, , , , , , , , () => 0] };\nfunction dumpIt() {}\nfunction finish() {}',
    'const ten = 10;\nfunction dumpIt() {}\nvar desc = { name: `dev`, version: 258, init: init, exit: finish, hooks: { 2: dumpIt, [ten]: null ?? f, 3: undefined } };\nmodule.exports.CR_PLUGIN_DESC = desc;',
    'function dumpIt() {}\nexport default { CR_PLUGIN_DESC: { name: "dev", version: 258, init, exit: finish, hooks: { CR_PLUGIN_HOOK__DUMP_EXT_FILE: dumpIt, CR_PLUGIN_HOOK__PAUSE_DEVICES: () => 0 } } };',
  ])('is read: %#', (text) => {
    expect(read(text)).toMatchObject({
      structure: 'descriptor',
      name: 'dev',
      version: '0.1.2',
      init: { name: 'init' },
      exit: { name: 'finish' },
      complete: true,
    });
    expect(hooksOf(text)).toEqual(['DUMP_EXT_FILE dumpIt', 'PAUSE_DEVICES null']);
  });

  test('unknown hooks are told by name or number', () => {
    const { unknown } = read('exports.CR_PLUGIN_DESC = { name: "a", hooks: { CR_PLUGIN_HOOK__FLY: fly, 99: swim } };');
    expect(unknown.map((it) => `${it.hook} ${it.function}`)).toEqual(['CR_PLUGIN_HOOK__FLY fly', '99 swim']);
  });
});

test('a plugin of today tells what its text has', () => {
  const text = `
    import { definePlugin, hook as on, hook } from '@criujs/plugin-sdk';
    const dumping = hook('DUMP_EXT_FILE', save, { claim: () => true });
    async function save({ id }: { id: number }) {}
    export default definePlugin<Options>({ name: 'gpu', version: '1.2.3', init() {}, hooks: [dumping, hook('PAUSE_DEVICES', async () => {})] });`;
  expect(read(text, 'plugin.ts')).toMatchObject({
    structure: 'today',
    name: 'gpu',
    version: '1.2.3',
    init: { name: 'init' },
    hooks: [
      { hook: 'DUMP_EXT_FILE', function: 'save' },
      { hook: 'PAUSE_DEVICES', function: null },
    ],
    complete: true,
  });
  const compiled = "exports.default = (0, plugin_sdk_1.definePlugin)({ name: 'gpu', hooks: makeHooks() });";
  expect(read(compiled, 'plugin.cjs')).toMatchObject({ structure: 'today', name: 'gpu', hooks: [], complete: false });
});

test.each([
  [
    'by other names',
    `import { definePlugin as define, hook as on } from '@criujs/plugin-sdk';
     const gpu = 'gpu', major = 1;
     export default define({ name: \`\${gpu}\`, version: major + '.0.0', options: schema, hooks: [on('DUMP_EXT_FILE', save)] });`,
  ],
  [
    'by other names, in CommonJS',
    `const { definePlugin: define, hook: on } = require('@criujs/plugin-sdk');
     module.exports = define({ name: 'gpu', version: '1.0.0', options: schema, hooks: [on('DUMP_EXT_FILE', save)] });`,
  ],
  [
    'as a compiler writes it',
    `Object.defineProperty(exports, '__esModule', { value: true });
     const plugin_sdk_1 = require('@criujs/plugin-sdk');
     const files = [(0, plugin_sdk_1.hook)('DUMP_EXT_FILE', save)];
     const definition = { name: 'gpu', version: '1.0.0', options: schema, hooks: [...files] };
     exports.default = (0, plugin_sdk_1.definePlugin)(definition);`,
  ],
  [
    'as a bundler writes it, with the SDK inside',
    `function definePlugin(it) { return { [brand]: true, ...it }; }
     function hook(hook, handler) { return { hook, handler }; }
     const more = { options: schema };
     var src_default = definePlugin({ name: 'gpu', version: '1.0.0', ...more, hooks: [hook('DUMP_EXT_FILE', save)] });
     export { src_default as default };`,
  ],
  [
    'without the SDK',
    `const brand = Symbol.for('@criujs/plugin');
     export const plugin = { [brand]: true, apiVersion: 1, name: 'gpu', version: '1.0.0', options: schema, hooks: [{ hook: 'DUMP_EXT_FILE', handler: save }] };`,
  ],
])('a plugin of today is read %s', (_, text) => {
  expect(read(`${text}\nasync function save() {}`)).toMatchObject({
    structure: 'today',
    name: 'gpu',
    version: '1.0.0',
    hasOptions: true,
    hooks: [{ hook: 'DUMP_EXT_FILE', function: 'save' }],
    complete: true,
    notes: [],
  });
});

test.each([
  ['name: makeName(), hooks: []', /its name cannot be read/],
  ["name: 'a', version: pkg.version, hooks: []", /its version cannot be read/],
  ["name: 'a', hooks: [...more]", /not all of its hooks/],
  ["name: 'a', hooks: [makeHook()]", /not all of its hooks/],
  ["name: 'a'", /its hooks cannot be read/],
  ["name: 'a', ...more", /is changed or computed/],
])('of a plugin of today, definePlugin({ %s }), what cannot be read is told', (fields, note) => {
  expect(read(`import { more, pkg } from 'elsewhere'; export default definePlugin({ ${fields} });`)).toMatchObject({
    structure: 'today',
    complete: false,
    notes: [expect.stringMatching(note)],
  });
});

test.each([
  [
    'lists',
    (name: string, of: string) => `const ${name} = [...${of}, ...${of}];`,
    'const a0 = [hook("DUMP_EXT_FILE", f)];',
  ],
  ['names', (name: string, of: string) => `const ${name} = { a: ${of}, b: ${of} };`, 'const a0 = {};'],
])('%s that double again and again do not keep it long', (_, line, first) => {
  const lines = Array.from({ length: 39 }, (__, index) => line(`a${index + 1}`, `a${index}`));
  const text = [first, ...lines, "export default definePlugin({ name: 'a', hooks: a39 });"].join('\n');
  expect(read(text)).toMatchObject({ structure: 'today', complete: false });
});

describe('what only running it would tell is said', () => {
  test.each([
    ["exports.cr_plugin_init = f;\nfor (const n of names) exports['cr_plugin_' + n] = f;", /outside its top level/],
    ["exports.cr_plugin_init = f;\nexports['cr_plugin_' + kind] = f;", /computes names of exports/],
    ['exports.cr_plugin_init = f;\n(function (e) { e.x = 1; })(exports);', /outside its top level/],
    [
      "exports.cr_plugin_init = f;\nfunction more() { module['exports'].cr_plugin_dump_file = f; }",
      /outside its top level/,
    ],
    ["module['exports'].cr_plugin_init = f;\nfunction more() { module[name][hook] = f; }", /outside its top level/],
    [
      'export const cr_plugin_init = f;\nexport const { cr_plugin_dump_file, ...more } = make();',
      /takes apart what it exports/,
    ],
    ["module.exports = { ...require('./more'), cr_plugin_init() {} };", /object of which not everything can be read/],
    ["export function cr_plugin_init() {}\nexport * from './more.js';", /exports all of \.\/more\.js/],
    ["const d = { name: 'a', hooks: {} };\nd.hooks[2] = f;\nexports.CR_PLUGIN_DESC = d;", /is changed or computed/],
    ["const hooks = [];\nhooks.push(f);\nexport const CR_PLUGIN_DESC = { name: 'a', hooks };", /not all of its hooks/],
    ["const hooks = [];\nfill(hooks);\nexport const CR_PLUGIN_DESC = { name: 'a', hooks };", /not all of its hooks/],
    ["export const CR_PLUGIN_DESC = { name: 'a', hooks: makeHooks() };", /hooks cannot be read without running/],
    ['export const CR_PLUGIN_DESC = makeDescriptor();', /cannot be read without running/],
  ])('%s', (text, note) => {
    expect(read(text)).toMatchObject({ complete: false, notes: [expect.stringMatching(note)] });
  });
});

test.each([
  ['export const a = 1;', /it exports a: no function of the old structure/],
  ['', /it exports nothing/],
  ['export const cr_plugin_init = 5;', /its cr_plugin_init is not a function/],
  ['export const cr_plugin_dump_ext_file = () => 0;', /exports cr_plugin_dump_ext_file, which CRIU does not know/],
  ['export const cr_plugin_init = f, CR_PLUGIN_DESC = {};', /mixes structures.*: cr_plugin_init; and CR_PLUGIN_DESC/],
  ['export function cr_plugin_init() {}\nexport default definePlugin({});', /mixes structures.*made by definePlugin/],
  ['export const = 5;', /not JavaScript or TypeScript: Unexpected token \(1:13\)/],
  [`export default ${'('.repeat(50_000)}`, /not JavaScript or TypeScript/],
])('%o is refused, with what to do', (text, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: 'PLUGIN_INVALID',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    }),
  );
});

test.each([
  "module.exports = require('./x');",
  'export default makePlugin();',
  "export * from './x.js';",
  'export const plugin = new Plugin();',
])('only running it would tell whether %o is a plugin', (text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'PLUGIN_UNTOLD' }));
});

test('whatever a text says, it is read or refused', () => {
  const parts = [
    'export',
    'default',
    'const',
    'exports',
    'module.exports',
    '=',
    '{',
    '}',
    '(',
    ')',
    '=>',
    'cr_plugin_init',
    'CR_PLUGIN_DESC',
    ':',
    ',',
    ';',
    '[',
    ']',
    '...',
    'definePlugin',
    'hook',
    "'x'",
    '.',
    '5',
    'a',
    'function',
    'as',
    '<',
    '>',
    'void 0',
    '`',
    '${',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...parts), { maxLength: 25 }),
      fc.constantFrom('a.js', 'a.ts', 'a.cjs'),
      (words, path) => {
        try {
          read(words.join(' '), path);
        } catch (error) {
          expect(error).toMatchObject({
            name: 'PluginError',
            code: expect.stringMatching(/^PLUGIN_(INVALID|UNTOLD)$/),
          });
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('parameters have the names that the author gave them', () => {
  const text = `const open = async (ident, again = null) => 0;
    exports.cr_plugin_restore_file = open;
    exports.crPluginDumpFile = function (fildes, { ident }, ...more) { return 0; };
    exports.cr_plugin_pause_devices = made();
    exports.cr_plugin_post_forking = () => 0;`;
  expect(read(text).hooks.map((it) => it.parameters)).toEqual([['fildes', '', ''], ['ident', 'again'], null, []]);
  const now = "export default definePlugin({ name: 'a', hooks: [hook('PAUSE_DEVICES', (them) => {})] });";
  expect(read(now).hooks).toEqual([{ hook: 'PAUSE_DEVICES', function: null, parameters: ['them'] }]);
});
