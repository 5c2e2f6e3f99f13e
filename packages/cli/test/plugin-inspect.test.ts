import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { compiler } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';

const sources = join(import.meta.dirname, '../../legacy-compat/test/inspect');

describe('plugin inspect', () => {
  test('a text in C', async ({ place }) => {
    const text = `CR_PLUGIN_REGISTER("gpu_plugin", start, NULL)
      CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, pause_it)`;
    writeFileSync(join(place.directory, 'gpu.c'), text);
    const { code, stdout, stderr } = await criujsCommand(['plugin', 'inspect', 'gpu.c'], { cwd: place.directory });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/gpu\.c\n {2}gpu_plugin 0\.2\.0, CR_PLUGIN_DESC, init start\n/);
    expect(stdout).toMatch(/^ {2}1 hook read: PAUSE_DEVICES$/m);
    expect(stdout).toMatch(/^ {2}10 PAUSE_DEVICES {2}CRIU 4\.0 +pause_it$/m);
    expect(stdout).toMatch(/^ {2}✓ the embedded engine {2}once it is compiled$/m);
    expect(stdout).toMatch(/^ {2}✗ CRIU 3\.17–3\.19 +its header has no PAUSE_DEVICES$/m);
  });

  test('a text whose hooks are in a list beside it, and of which not all is followed', async ({ place }) => {
    const write = (name: string, text: string): void => writeFileSync(join(place.directory, name), text);
    write('hooks.inc', 'HOOK(DUMP_EXT_FILE, dump)\nHOOK(RESTORE_EXT_FILE, restore)\n');
    write(
      'list.c',
      `#include "image.h"
#define HOOK(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, f)
#include "hooks.inc"
CR_PLUGIN_REGISTER_DUMMY("list")
#include "gpu-hooks.inc"`,
    );
    const { code, stdout } = await criujsCommand(['plugin', 'inspect', 'list.c'], { cwd: place.directory });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}2 hooks read: DUMP_EXT_FILE, RESTORE_EXT_FILE; there may be more$/m);
    expect(stdout).toMatch(
      /^Note\n {2}#include "gpu-hooks\.inc" in list\.c:5 was not read \(it is not beside the source\)/m,
    );
    expect(stdout).toMatch(
      /^ {2}it includes headers from inside of CRIU, which no release installs: "image\.h" \(list\.c:1\)\./m,
    );
  });

  test.skipIf(compiler === null)('a compiled one (needs a C compiler)', async ({ place }) => {
    const made = join(place.directory, 'device.so');
    execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', made, join(sources, 'descriptor.c')]);
    const { code, stdout } = await criujsCommand(['plugin', 'inspect', made, '--json']);
    expect(code).toBe(0);
    const { ok, plugin, hooksRead, embedded, criu } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(hooksRead).toBe('4 hooks read: DUMP_EXT_FILE, RESTORE_EXT_FILE, PAUSE_DEVICES, CHECKPOINT_DEVICES');
    expect(plugin).toMatchObject({
      format: 'elf',
      name: 'device_plugin',
      hooks: [
        { hook: 'DUMP_EXT_FILE', number: 2, since: '1.1', function: 'dump_it' },
        { hook: 'RESTORE_EXT_FILE', number: 3, since: '1.1', function: 'restore_it' },
        { hook: 'PAUSE_DEVICES', number: 10, since: '4.0', function: 'pause_it' },
        { hook: 'CHECKPOINT_DEVICES', number: 11, since: '4.0', function: 'checkpoint_it' },
      ],
    });
    expect(embedded).toMatchObject({ loads: true });
    expect(criu.filter((it: { loads: boolean }) => it.loads)).toMatchObject([{ releases: 'after 4.2' }]);
    const text = (await criujsCommand(['plugin', 'inspect', made])).stdout;
    expect(text).toMatch(/^Needs\n {2}(criu_get_image_dir|print_on_level), \w+ {2}provided by every host$/m);
  });

  test('one for another machine is told, and ends with 4', async () => {
    const { code, stdout } = await criujsCommand(['plugin', 'inspect', join(sources, 'descriptor-s390x.so')]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/✗ the embedded engine +it is for s390x, and this machine is /);
    expect(stdout).toMatch(/^Note\n {2}4 of its constructors could not be followed/m);
  });

  test('a package of today is read and not run, as an old module', async ({ place }) => {
    const folder = join(place.directory, 'node_modules', 'criu-plugin-gpu');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      '{ "name": "criu-plugin-gpu", "type": "module", "exports": "./index.js" }',
    );
    const hooks = ['DUMP_EXT_FILE', 'PAUSE_DEVICES'].map((hook) => `{ hook: '${hook}', handler() {} }`);
    const brand = "[Symbol.for('@criujs/plugin')]: true, apiVersion: 1";
    writeFileSync(
      join(folder, 'index.js'),
      `import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(join(place.directory, 'it-ran'))}, '');
       export default { ${brand}, name: 'gpu', version: '2.1.0', hooks: [${hooks}] };`,
    );
    const mark = join(place.directory, 'it-ran');
    const runs = `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '');`;
    writeFileSync(join(place.directory, 'old.cjs'), `${runs}\nexports.cr_plugin_dump_file = () => 0;`);
    writeFileSync(join(place.directory, 'script.cjs'), runs);
    const how = { cwd: place.directory };
    const { stdout } = await criujsCommand(['plugin', 'inspect', 'criu-plugin-gpu'], how);
    expect(stdout).toMatch(/^ {2}gpu 2\.1\.0, definePlugin\n {2}a module; it was not run$/m);
    expect(stdout).toMatch(/^ {2}✓ CRIU 3\.17–3\.19 +with --engine criu; never called there: PAUSE_DEVICES$/m);

    const old = await criujsCommand(['plugin', 'inspect', './old.cjs'], how);
    expect(old.stdout).toMatch(/the old structure of functions with fixed names\n {2}a module; it was not run/);
    const script = await criujsFails(['plugin', 'inspect', './script.cjs'], how);
    expect(script).toMatchObject({ exitCode: 4, code: 'PLUGIN_INVALID' });
    expect(() => readFileSync(mark), 'none was run').toThrow('ENOENT');
  });

  test('what cannot be told is a note, and what others may write is not loaded', async ({ place }) => {
    const path = join(place.directory, 'partly.mjs');
    writeFileSync(path, `export default definePlugin({ name: 'partly', hooks: makeHooks() });`);
    const { code, stdout } = await criujsCommand(['plugin', 'inspect', path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Hooks\n {2}none that could be read$/m);
    expect(stdout).toMatch(/^ {2}\? the embedded engine +not all of it can be told without running it$/m);
    expect(stdout).toMatch(/^Note\n {2}its hooks cannot be read without running it$/m);
    chmodSync(path, 0o646);
    const open = await criujsCommand(['plugin', 'inspect', path]);
    expect(open.code).toBe(4);
    expect(open.stdout).toMatch(/^ {2}✗ the embedded engine +others than its owner may write .*partly\.mjs$/m);
  });

  test('what is no plugin, or is not there, is refused with what to do', async ({ place }) => {
    writeFileSync(join(place.directory, 'broken.so'), '\x7fELF');
    writeFileSync(
      join(place.directory, 'fails.mjs'),
      'export default make();\nfunction make() { throw new Error("no driver"); }',
    );
    const how = { cwd: place.directory };
    for (const [target, code, message] of [
      ['nobody', 'PLUGIN_NOT_FOUND', /no plugin nobody/],
      ['./none.c', 'PLUGIN_NOT_FOUND', /nothing at .*none\.c/],
      ['broken.so', 'PLUGIN_INVALID', /damaged ELF file/],
      ['fails.mjs', 'PLUGIN_UNTOLD', /as far as its source shows/],
    ] as const) {
      const failure = await criujsFails(['plugin', 'inspect', target], how);
      expect(failure).toMatchObject({
        exitCode: 4,
        code,
        message: expect.stringMatching(message),
        remedy: expect.any(String),
      });
    }
    expect(await criujsFails(['plugin', 'inspect'])).toMatchObject({ exitCode: 2, code: 'USAGE' });
  });

  test('its help has examples and says what the exit code means', async () => {
    const { code, stdout } = await criujsCommand(['plugin', 'inspect', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('criujs plugin inspect ./plugin.so');
    expect(stdout).toMatch(/Exit\s+code\s+4/);
  });
});
