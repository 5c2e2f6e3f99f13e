import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectFile } from '../inspect-file.ts';
import type { Inspection } from '../inspection.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-modules-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes files and reads the first of them. */
function read(files: Readonly<Record<string, string>>): Promise<Inspection> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return inspectFile(join(folder, Object.keys(files)[0] ?? ''));
}

const whole = {
  structure: 'today',
  name: 'gpu',
  version: '1.2.3',
  init: { name: 'begin' },
  hooks: [
    { hook: 'DUMP_EXT_FILE', function: 'save' },
    { hook: 'PAUSE_DEVICES', function: 'pause' },
  ],
  complete: true,
  notes: [],
};
const manifest = '{ "name": "gpu", "version": "1.2.3", "private": true }';
const dump = `import { hook } from '@criujs/plugin-sdk';
  export function begin() {}
  const save = async () => {};
  export const dumpHooks = [hook('DUMP_EXT_FILE', save)];
  export const pause = () => {};`;

test.each([
  [
    'ESM',
    {
      'dist/index.js': `import { definePlugin, hook } from '@criujs/plugin-sdk';
        import pkg from '../package.json' with { type: 'json' };
        import { begin, dumpHooks, pause } from './dump.js';
        export default definePlugin({ name: pkg.name, version: pkg.version, init: begin, hooks: [...dumpHooks, hook('PAUSE_DEVICES', pause)] });`,
      'dist/dump.js': dump,
      'package.json': manifest,
    },
  ],
  [
    'TypeScript, with names of what is built',
    {
      'src/index.ts': `import { createRequire } from 'node:module';
        import { definePlugin, hook } from '@criujs/plugin-sdk';
        import * as dump from './all.js';
        const { name, version } = createRequire(import.meta.url)('../package.json') as { name: string; version: string };
        export const plugin = definePlugin<Options>({ name, version, init: dump.begin, hooks: [...dump.dumpHooks, hook('PAUSE_DEVICES', dump.pause)] });`,
      'src/all.ts': "export * from './dump';",
      'src/dump.ts': dump,
      'package.json': manifest,
    },
  ],
  [
    'CommonJS, as a compiler writes it',
    {
      'index.cjs': `"use strict";
        Object.defineProperty(exports, "__esModule", { value: true });
        const plugin_sdk_1 = require("@criujs/plugin-sdk");
        const package_json_1 = __importDefault(require("./package.json"));
        const dump_1 = __importStar(require("./dump"));
        exports.default = (0, plugin_sdk_1.definePlugin)({
          name: package_json_1.default.name, version: package_json_1.default.version, init: dump_1.begin,
          hooks: [...dump_1.dumpHooks, (0, plugin_sdk_1.hook)('PAUSE_DEVICES', dump_1.pause)] });`,
      'dump.cjs': `"use strict";
        Object.defineProperty(exports, "__esModule", { value: true });
        exports.pause = exports.dumpHooks = void 0;
        exports.begin = begin;
        const plugin_sdk_1 = require("@criujs/plugin-sdk");
        function begin() { }
        const save = async () => { };
        exports.dumpHooks = [(0, plugin_sdk_1.hook)('DUMP_EXT_FILE', save)];
        const pause = () => { };
        exports.pause = pause;`,
      'package.json': manifest,
    },
  ],
  [
    'another module that has it all',
    {
      'index.js': "export { default } from './lib/index.js';",
      'lib/index.js': "const it = require('./plugin');\nmodule.exports = it;",
      'lib/plugin.js': `const save = () => {}, pause = () => {};
        module.exports = definePlugin({ name: 'gpu', version: '1.2.3', init: function begin() {},
          hooks: [hook('DUMP_EXT_FILE', save), hook('PAUSE_DEVICES', pause)] });`,
    },
  ],
])('modules beside it are read: %s', async (_, files) => {
  expect(await read(files)).toMatchObject(whole);
});

test('the old structure is read from other modules, too', async () => {
  const files = { 'a.mjs': "export * from './b.mjs';", 'b.mjs': 'export const cr_plugin_dump_file = () => 0;' };
  expect(await read(files)).toMatchObject({
    structure: 'functions',
    hooks: [{ hook: 'DUMP_EXT_FILE', function: 'cr_plugin_dump_file' }],
    complete: true,
  });
});

const importing = (what: string): string =>
  `import { hooks } from '${what}';\nexport default definePlugin({ name: 'gpu', hooks });`;

test.each([
  ['a package', 'some-hooks', {}],
  ['a file that is not there', './none.js', {}],
  ['one that is no module', './broken.js', { 'broken.js': 'export const hooks = [' }],
  ['one that imports it', './round.js', { 'round.js': "export { hooks } from './index.js';" }],
  ['one that is changed there', './changed.js', { 'changed.js': 'export const hooks = [];\nhooks.push(1);' }],
  ['one that is too large', './large.js', { 'large.js': `export const hooks = [];${' '.repeat(9 << 20)}` }],
])('what is in %s is not told', async (_, what, files) => {
  expect(await read({ 'index.js': importing(what), ...files })).toMatchObject({
    name: 'gpu',
    hooks: [],
    complete: false,
    notes: [expect.stringMatching(/hooks can(not)? be read/)],
  });
});

test('a pipe among them keeps nobody waiting', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe.js')]);
  expect(await read({ 'index.js': importing('./pipe.js') })).toMatchObject({ complete: false });
});

test('nothing of any of them is run', async () => {
  const mark = join(folder, 'it-ran');
  const harm = `(await import('node:fs')).writeFileSync(${JSON.stringify(mark)}, '');\nprocess.exit(3);\nfor (;;);`;
  const files = { 'index.js': `${harm}\n${importing('./b.js')}`, 'b.js': `${harm}\nexport const hooks = [];` };
  expect(await read(files)).toMatchObject({ name: 'gpu', hooks: [], complete: true });
  expect(() => execFileSync('ls', [mark], { stdio: 'pipe' })).toThrow(/No such file/);
});
