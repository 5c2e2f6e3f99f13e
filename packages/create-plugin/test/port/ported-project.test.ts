import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hookTable } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unknownDevice } from '../../../core/test/harness/devices.ts';
import { compiler } from '../../../core/test/harness/machine.ts';

// What `--from` makes is a project like any other: it is linted, compiled, tested and built with the tools of this checkout.

const root = resolve(import.meta.dirname, '..', '..', '..', '..');
const command = join(root, 'packages/create-plugin/bin/create-criu-plugin.cjs');
const plugins = join(root, 'packages/legacy-compat/test');

let folder = '';
beforeEach(() => {
  // Inside the checkout, so that the packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'ported-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function create(from: string, ...flags: readonly string[]): string {
  const project = join(folder, 'project');
  const args = [command, project, '--from', from, '--yes', '--skip-install', '--no-git', ...flags];
  execFileSync(process.execPath, args, { stdio: 'pipe', cwd: folder });
  return project;
}

/** The scripts of a project by the tools that they call. */
const steps = {
  lint: ['biome', 'check', '--error-on-warnings', '.'],
  typecheck: ['tsc'],
  test: ['vitest', 'run'],
  build: ['tsc', '-p', 'tsconfig.build.json'],
} as const;

function expectGreen(project: string): void {
  for (const [step, [tool, ...args]] of Object.entries(steps)) {
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, {
      cwd: project,
      encoding: 'utf8',
    });
    expect({ step, status, said: status === 0 ? '' : stdout + stderr }).toEqual({ step, status: 0, said: '' });
  }
}

const allHooks = `CR_PLUGIN_REGISTER("every_plugin", start, finish)
${Object.keys(hookTable)
  .map((hook) => `CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${hook}, ${hook.toLowerCase()})`)
  .join('\n')}
`;

test('from C, with every hook and options', () => {
  writeFileSync(join(folder, 'every.c'), allHooks);
  expectGreen(create('every.c', '--options'));
});

test('from C with names that are long, words of JavaScript, or alike', () => {
  const text = `${allHooks}
static int dump_ext_file(int a_name_that_is_very_very_long_indeed, int class) { return 0; }
static int restore_ext_file(int file, bool *log) { return 0; }
static int dump_unix_sk(int socket_descriptor, int socket) { return 0; }
static int handle_device_vma(int fd, const struct stat *st_of_the_device_number) { return 0; }
static int update_vma_map(const char *path_of_the_device_map, const uint64_t address_of_the_device_ma, uint64_t c, uint64_t *d, int *e)
{ return 0; }
static int dump_ext_mount(char *const mountpoint, int it) { return 0; }`;
  writeFileSync(join(folder, 'names.c'), text.replace('"every_plugin"', `"Ada's \\"plugin\\" \\\\ 1"`));
  const project = create('names.c', '--options', '--device', "/dev/it's");
  expect(readFileSync(join(project, 'src/mapped-device.ts'), 'utf8')).toContain('path: path_of_the_device_map');
  expectGreen(project);
});

test('what it is asked about the device is shown, by `dev` and by the end-to-end test', async ({ skip }) => {
  skip(unknownDevice === null, 'no device that the engine does not know');
  writeFileSync(join(folder, 'file.c'), allHooks);
  const project = create('file.c', '--device', unknownDevice ?? '');
  const dev = spawnSync(join(root, 'node_modules/.bin/jiti'), ['example/dev.ts'], { cwd: project, encoding: 'utf8' });
  expect(dev).toMatchObject({ status: 0, stderr: '' });
  expect(dev.stdout).toMatch(
    /DUMP_EXT_FILE .*descriptor 3: \/dev\/\S+ .*\n {4}project DUMP_EXT_FILE: .*\n {4}taken by nobody/,
  );
  expect(dev.stdout).toContain(
    'Nothing was dumped, and the program runs on. Write `save` in src/external-file.ts: it was asked.',
  );

  // Its author writes it: the same test now restores the program with what it held.
  const path = join(project, 'src/external-file.ts');
  const written = readFileSync(path, 'utf8')
    .replace(/(file \$\{id\} \(\$\{file\.path\}\) is not saved yet`\);\n) {2}return notSupported;\n/, '$1')
    .replace(/(is not opened yet`\);\n) {2}return notSupported;/, '$1  return openSync(file.path ?? "", file.flags);');
  writeFileSync(path, `import { openSync } from 'node:fs';\n${written}`);
  const tested = spawnSync(join(root, 'node_modules/.bin/vitest'), ['run', 'test/end-to-end.test.ts'], {
    cwd: project,
    encoding: 'utf8',
  });
  expect({ status: tested.status, said: tested.status === 0 ? '' : tested.stdout }).toEqual({ status: 0, said: '' });
  const again = spawnSync(join(root, 'node_modules/.bin/jiti'), ['example/dev.ts'], { cwd: project, encoding: 'utf8' });
  expect(again.stdout).toMatch(/It runs as \d+\. It had counted to/);
});

test('from a compiled plugin with a descriptor, stripped', () => {
  expectGreen(create(join(plugins, 'inspect/descriptor-aarch64.so'), '--no-options'));
});

test.skipIf(compiler === null)('from a compiled plugin of the old structure (needs a C compiler)', () => {
  const made = join(folder, 'functions.so');
  execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', made, join(plugins, 'inspect/functions.c')]);
  expectGreen(create('functions.so'));
});

test.each(['old-device.cjs', 'descriptor.cjs'])('from a module in JavaScript, %s', (name) => {
  expectGreen(create(join(plugins, 'plugins', name), '--no-options'));
});
