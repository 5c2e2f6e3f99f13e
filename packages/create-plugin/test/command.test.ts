import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { bin, type Desk, onlyPrograms, type Ran, run, test } from './shipped.ts';

const noInstall = ['--yes', '--skip-install'] as const;

/** Exit code 1, a reason and a remedy, and the folder as it was. */
async function refused(desk: Desk, running: () => Promise<Ran>, reason: string | RegExp): Promise<void> {
  const before = desk.list();
  const { code, stdout, stderr } = await running();
  expect(stderr).toMatch(reason);
  expect(stderr).toMatch(/^create-criu-plugin: .*\n {2}→ \S.*\n$/s);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(desk.list()).toEqual(before);
}

describe('a project', () => {
  test('is made with every default', async ({ desk }) => {
    const { code, stdout, stderr } = await desk.create('my-plugin', ...noInstall);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('cd my-plugin\n  npm install\n  npm test\n  npm run dev');
    expect(desk.list()).toContain('my-plugin/package.json');
    expect(JSON.parse(desk.read('my-plugin/package.json'))).toMatchObject({ name: 'my-plugin' });
    expect(JSON.parse(desk.read('my-plugin/.criu-plugin.json'))).toMatchObject({ handles: ['external-file'] });
  });

  test('takes each flag', async ({ desk }) => {
    const { code, stdout } = await desk.create(
      ...[
        'sub/folder',
        '--name=@me/criu-plugin-gpu',
        '--description=Pauses a GPU',
        '--handles=accelerator,mapped-device',
      ],
      ...[
        '--options',
        '--package-manager=pnpm',
        '--licence=Apache-2.0',
        '--no-git',
        '--no-ci',
        '--skip-install',
        '--json',
      ],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      dryRun: false,
      folder: join(desk.folder, 'sub/folder'),
      packageName: '@me/criu-plugin-gpu',
      pluginName: 'gpu',
      handles: ['mapped-device', 'accelerator'],
      commands: [],
      installed: 'none',
      next: ['cd sub/folder', 'pnpm install', 'pnpm test', 'pnpm dev'],
    });
    expect(JSON.parse(desk.read('sub/folder/package.json'))).toMatchObject({ description: 'Pauses a GPU' });
    expect(JSON.parse(desk.read('sub/folder/.criu-plugin.json'))).toMatchObject({ options: true });
    expect(existsSync(join(desk.folder, 'sub/folder/.git'))).toBe(false);
  });

  test('goes into the current folder, and is called like it', async ({ desk }) => {
    expect((await desk.create('.', ...noInstall)).code).toBe(0);
    expect(JSON.parse(desk.read('package.json'))).toMatchObject({ name: 'desk' });
  });

  test('goes into a folder with blanks and other letters', async ({ desk }) => {
    const { code, stdout } = await desk.create('Größe & más 日本', ...noInstall);
    expect(code).toBe(0);
    expect(stdout).toContain("cd 'Größe & más 日本'");
    expect(JSON.parse(desk.read('Größe & más 日本/package.json'))).toMatchObject({ name: 'grosse-mas' });
  });

  test('leaves what is there as it is', async ({ desk }) => {
    desk.put('README.md', 'theirs\n');
    desk.put('LICENSE', 'theirs\n');
    desk.put('.gitignore', '*.log\n');
    const { code, stdout } = await desk.create('.', ...noInstall);
    expect(code).toBe(0);
    expect(stdout).toContain('kept README.md');
    expect([desk.read('README.md'), desk.read('LICENSE')]).toEqual(['theirs\n', 'theirs\n']);
    expect(desk.read('.gitignore')).toMatch(/^\*\.log\n(.*\n)*node_modules/);
  });

  test('is forced over what is there, and the rest stays', async ({ desk }) => {
    desk.put('README.md', 'theirs\n');
    desk.put('package.json', '{ broken');
    desk.put('mine.txt', 'mine\n');
    expect((await desk.create('.', ...noInstall, '--force')).code).toBe(0);
    expect(desk.read('README.md')).not.toBe('theirs\n');
    expect(desk.read('mine.txt')).toBe('mine\n');
    expect(JSON.parse(desk.read('package.json')).name).toBe('desk');
  });

  test('does not care for what Yeoman would read', async ({ desk }) => {
    for (const name of ['.yo-rc.json', 'package.json']) desk.put(name, '{ broken');
    desk.put('../home/.yo-rc-global.json', '{ broken');
    expect((await desk.create('new', ...noInstall)).code).toBe(0);
    expect(desk.read('.yo-rc.json')).toBe('{ broken');
  });
});

describe('a repository', () => {
  const git = (folder: string, ...args: readonly string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });

  test('is made with one commit that holds everything', async ({ desk }) => {
    const { stdout } = await desk.create('x', ...noInstall);
    expect(stdout).toContain('Made a git repository');
    const folder = join(desk.folder, 'x');
    expect(git(folder, 'log', '--format=%an <%ae>')).toBe('Ann Other <ann@example.org>\n');
    expect(git(folder, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main\n');
    expect(git(folder, 'status', '--porcelain')).toBe('');
  });

  test('is not made inside of another one', async ({ desk }) => {
    execFileSync('git', ['init', '-q'], { cwd: desk.folder });
    for (const flags of [[], ['--git']]) {
      expect((await desk.create(`x${flags.length}`, ...noInstall, ...flags)).code).toBe(0);
      expect(existsSync(join(desk.folder, `x${flags.length}`, '.git'))).toBe(false);
    }
  });

  test('is not made by a git that points elsewhere', async ({ desk }) => {
    execFileSync('git', ['init', '-q', 'other'], { cwd: desk.folder });
    const elsewhere = {
      GIT_DIR: join(desk.folder, 'other/.git'),
      GIT_INDEX_FILE: join(desk.folder, 'other/.git/index'),
    };
    expect((await desk.createIn(desk.folder, elsewhere, 'x', ...noInstall)).code).toBe(0);
    expect(git(join(desk.folder, 'x'), 'log', '--format=%s')).toContain('criujs plugin');
    expect(existsSync(join(desk.folder, 'other/.git/index'))).toBe(false);
  });

  test('without a git there is none, and it is said', async ({ desk }) => {
    const PATH = onlyPrograms(join(desk.folder, '../path'), { node: process.execPath });
    const { code, stderr } = await desk.createIn(desk.folder, { PATH }, 'x', ...noInstall);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: git is not installed here: no repository is made\n',
    });
    expect(existsSync(join(desk.folder, 'x/.git'))).toBe(false);
  });

  test('of somebody whom git does not know has no commit, and the commands that help are named', async ({ desk }) => {
    const HOME = join(desk.folder, '../empty');
    mkdirSync(HOME);
    // As on a machine that does not make up a name.
    const strict = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.useConfigOnly', GIT_CONFIG_VALUE_0: 'true' };
    const { code, stdout, stderr } = await desk.createIn(desk.folder, { HOME, ...strict }, 'x', ...noInstall);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `warning: git does not know your name and e-mail, so the first commit was not made.
  Say it once, then commit the project:
    git config --global user.name 'Your Name'
    git config --global user.email you@example.com
    git commit --message 'A new criujs plugin'
`,
    });
    expect(stdout).not.toContain('Made a git repository');
    const folder = join(desk.folder, 'x');
    const commands = stderr.split('\n').slice(2).join('\n');
    execFileSync('sh', ['-e', '-c', commands], { cwd: folder, env: { ...desk.env, HOME, ...strict } });
    expect(git(folder, 'log', '--format=%an <%ae> %s')).toBe('Your Name <you@example.com> A new criujs plugin\n');
    expect(git(folder, 'status', '--porcelain')).toBe('');
  });
});

describe('an installation', () => {
  test('is done in the project, for development too, and its words are not shown', async ({ desk }) => {
    desk.program('bun', '#!/bin/sh\necho noise; echo "$PWD:$*:$NODE_ENV." > installed\n');
    const { code, stdout, stderr } = await desk.createIn(
      desk.folder,
      { NODE_ENV: 'production' },
      ...['x', '--yes', '--no-git', '--package-manager=bun'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('noise');
    expect(stdout).toContain('Next:\n  cd x\n  bun run test');
    expect(desk.read('x/installed')).toBe(`${join(desk.folder, 'x')}:install:.\n`);
  });

  test('--verbose shows them', async ({ desk }) => {
    desk.program('bun', '#!/bin/sh\necho noise\n');
    const { code, stderr } = await desk.create('x', '--yes', '--package-manager=bun', '--verbose');
    expect(code).toBe(0);
    expect(stderr).toContain('noise\n');
  });

  test('that fails leaves the project, shows why and says what to do', async ({ desk }) => {
    desk.program('bun', '#!/bin/sh\necho the disk is full >&2; exit 7\n');
    const { code, stdout, stderr } = await desk.create('x', '--yes', '--package-manager=bun');
    expect(code).toBe(2);
    expect(stderr).toMatch(/the disk is full\n.*bun install failed with exit code 7\n.*→ The project was created/s);
    expect(stdout).toContain('cd x\n  bun install');
    expect(desk.list()).toContain('x/package.json');
    expect(existsSync(join(desk.folder, 'x/.git'))).toBe(true);
  });

  test('that is asked to end ends, and leaves the project', async ({ desk }) => {
    // It asks our process, its parent, to end, and waits for a line that never comes.
    desk.program('bun', '#!/bin/sh\nmkfifo "$HOME/never"\nkill -TERM $PPID\nread line < "$HOME/never"\n');
    const { code, stderr } = await desk.create('x', '--yes', '--package-manager=bun');
    expect(code).toBe(130);
    expect(stderr).toContain('bun install was interrupted');
    expect(desk.list()).toContain('x/package.json');
  });

  test('by a package manager that is not here fails as well', async ({ desk }) => {
    const PATH = onlyPrograms(join(desk.folder, '../path'), { node: process.execPath });
    const { code, stdout } = await desk.createIn(
      desk.folder,
      { PATH },
      'x',
      '--yes',
      '--json',
      '--package-manager=yarn',
    );
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      installed: 'failed',
      next: expect.arrayContaining(['yarn install']),
    });
  });
});

describe('a dry run', () => {
  test('prints every file and command, and leaves nothing behind', async ({ desk }) => {
    const dry = await desk.create('sub/x', '--yes', '--dry-run', '--json');
    expect(dry.code).toBe(0);
    expect(desk.list()).toEqual([]);
    const { files, commands } = JSON.parse(dry.stdout);
    expect(commands).toEqual([
      ...['npm install', 'git init --quiet', 'git symbolic-ref HEAD refs/heads/main', 'git add --all'],
      "git commit --quiet --message 'A new criujs plugin'",
    ]);

    const { stdout } = await desk.create('sub/x', '--yes', '--dry-run');
    for (const { path, bytes } of files) expect(stdout).toContain(`create ${path} ${bytes} B\n`);
    for (const command of commands) expect(stdout).toContain(`run    ${command}\n`);
    expect(desk.list()).toEqual([]);

    await desk.create('sub/x', ...noInstall);
    const made = desk.list().filter((path) => !path.endsWith('/'));
    expect(made).toEqual(files.map(({ path }: { path: string }) => `sub/x/${path}`).toSorted());
  });

  test('refuses what a real run would', async ({ desk }) => {
    desk.put('x/package.json');
    await refused(desk, () => desk.create('x', '--yes', '--dry-run'), 'not empty');
  });
});

describe('refused, with nothing written', () => {
  test.for([
    [
      'a name that npm does not take',
      ['x', '--name=Bad Name'],
      /Bad Name.*URL-friendly.*→ The nearest valid name is bad-name/s,
    ],
    ['an unknown flag', ['x', '--handels=lifecycle'], /unknown flag --handels.*--handles/s],
    ['an unknown kind', ['x', '--handles=gpu'], /--handles cannot be "gpu".*accelerator/s],
    ['a flag without its value', ['x', '--name'], /--name needs a value/],
    ['two folders', ['x', 'y'], /too much: y.*--/s],
    ['a folder that is a file', ['file'], /file is a file/],
    ['a folder below a file', ['file/x'], /file is a file/],
    ['a folder that is taken', ['taken'], /taken is not empty: package\.json/],
    ['the current folder that is taken', ['.'], /is not empty: file, taken/],
    ['two ways to say what is handled', ['x', '--from=old.c', '--handles=lifecycle'], /exclude each other/],
  ] as const)('%s', async ([, args, reason], { desk }) => {
    desk.put('file');
    desk.put('taken/package.json');
    await refused(desk, () => desk.create(...args, ...noInstall), reason);
  });

  test('a plugin of which not all hooks are read, unless that is wanted', async ({ desk }) => {
    const hook = 'CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, my_dump)';
    desk.put('old.c', `CR_PLUGIN_REGISTER("Old Plugin", NULL, NULL)\n#include "gpu-hooks.h"\n${hook}\n`);
    const args = ['x', '--from=old.c', ...noInstall];
    await refused(
      desk,
      () => desk.create(...args),
      /"gpu-hooks\.h" in old\.c:2 was not read.*1 hook read: DUMP_EXT_FILE.*--partial/s,
    );

    const { code, stdout, stderr } = await desk.create(...args, '--partial');
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 hook read: DUMP_EXT_FILE; there may be more (old.c)'),
    });
    const missing = /"gpu-hooks\.h" in old\.c:2 was not read/;
    expect(stderr).toMatch(/warning: Not all of its hooks may be in the project/);
    expect(stderr).toMatch(missing);
    const read = (path: string): string => readFileSync(join(desk.folder, 'x', path), 'utf8');
    for (const path of ['README.md', 'src/index.ts']) expect(read(path)).toMatch(missing);
    expect(read('src/index.ts')).toContain("inventoryName: 'Old Plugin',");
    expect(read('example/device.ts')).toContain("['/dev/fuse']");
    const dry = await desk.create(
      'y',
      '--from=old.c',
      '--partial',
      '--device=/dev/kvm',
      ...noInstall,
      '--dry-run',
      '--json',
    );
    expect(JSON.parse(dry.stdout).ported).toEqual({
      source: 'old.c',
      hooks: ['DUMP_EXT_FILE'],
      hooksRead: '1 hook read: DUMP_EXT_FILE; there may be more',
      complete: false,
      notes: [expect.stringMatching(missing)],
      device: '/dev/kvm',
    });
  });

  test('a plugin whose names would command a terminal: nothing of them gets through', async ({ desk }) => {
    const name = '\x1b]0;owned\x07\u202e';
    desk.put(`${name}.txt`, 'no plugin\n');
    desk.program('npm', `#!/bin/sh\nprintf 'owned ${name}\\n\\033[2J' >&2\nexit 1\n`);
    const runs = [
      await desk.create('x', '--from', `${name}.txt`, ...noInstall),
      await desk.create('x', '--from', `${name}.txt`, ...noInstall, '--json'),
      await desk.create(`y${name}`, '--yes', '--dry-run'),
      await desk.create('z', '--yes', '--no-git'),
    ];
    expect(runs.map(({ code }) => code)).toEqual([1, 1, 1, 2]);
    for (const { stdout, stderr } of runs) {
      expect(stdout + stderr).toMatch(/owned/);
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });

  test('a folder in which this user must not write', async ({ desk, skip }) => {
    const uid = process.getuid?.();
    if (uid === undefined) skip('users with ids');
    const locked = join(desk.folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    const command = [process.execPath, bin, 'locked/x', ...noInstall];
    // Root may write anywhere: somebody else tries.
    await refused(
      desk,
      () => run(command, desk.folder, desk.env, uid === 0 ? 65534 : undefined),
      'locked cannot be written to',
    );
  });

  test('flags that npm took for itself', async ({ desk }) => {
    const npm = { npm_command: 'exec', npm_config_dry_run: 'true' };
    await refused(desk, () => desk.createIn(desk.folder, npm, 'x', '--yes'), /npm took --dry-run.*x -- --dry-run/s);
  });

  test('a file that cannot be written half-way', async ({ desk }) => {
    desk.put('x/package.json/keep', 'mine\n');
    await refused(desk, () => desk.create('x', ...noInstall, '--force'), /package\.json could not be written/);
    expect(desk.read('x/package.json/keep')).toBe('mine\n');
  });

  test('with --json the reason is an object', async ({ desk }) => {
    const { code, stdout, stderr } = await desk.create('x', '--name=A', '--yes', '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: 'INVALID_NAME', remedy: expect.any(String) },
    });
  });
});

describe('no terminal', () => {
  test('without --yes the missing flags are listed', async ({ desk }) => {
    await refused(desk, () => desk.create('x', '--licence=MIT'), /no terminal.*--name <name>.*--handles.*--yes/s);
  });

  test('nothing is asked when every question has its flag', async ({ desk }) => {
    const args = ['x', '--name=x', '--description=x', '--handles=lifecycle', '--no-options', '--package-manager=npm'];
    expect((await desk.create(...args, '--licence=MIT', '--no-git', '--no-ci', '--skip-install')).code).toBe(0);
  });

  test('there is no colour and no moving line', async ({ desk }) => {
    desk.program('bun', '#!/bin/sh\necho noise\n');
    const { stdout, stderr } = await desk.create('x', '--yes', '--package-manager=bun');
    expect(stdout + stderr).not.toContain('\u001B');
    expect(stdout + stderr).not.toContain('\r');
  });
});

describe('before anything is loaded', () => {
  const tracing = ['--import', new URL('trace-modules.mjs', import.meta.url).href];

  const bytesOf = (modules: readonly string[]): number =>
    modules.filter((url) => url.startsWith('file:')).reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0);

  async function loadedBy(desk: Desk, ...args: readonly string[]): Promise<{ ran: Ran; modules: readonly string[] }> {
    const TRACE = join(desk.folder, '../modules');
    const ran = await run([process.execPath, ...tracing, bin, ...args], desk.folder, { ...desk.env, TRACE });
    return { ran, modules: readFileSync(TRACE, 'utf8').trim().split('\n') };
  }

  test.for([['--help'], ['--version'], ['x', '--handels=1'], ['x'], ['x', '--name=A', '--yes']])(
    '%s is answered without Yeoman',
    async (args, { desk }) => {
      const { modules } = await loadedBy(desk, ...args);
      // Whatever its chunks are called: Yeoman is more than a megabyte.
      expect(bytesOf(modules)).toBeLessThan(100_000);
      expect(modules.some((url) => url.endsWith('/dist/main.js'))).toBe(true);
    },
  );

  test('with which a project is made', async ({ desk }) => {
    const { ran, modules } = await loadedBy(desk, 'x', ...noInstall);
    expect(ran.code).toBe(0);
    expect(bytesOf(modules)).toBeGreaterThan(1_000_000);
  });

  test('the version is told', async ({ desk }) => {
    const { version } = JSON.parse(readFileSync(join(bin, '../../package.json'), 'utf8'));
    expect(await desk.create('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.for(['12.22.0', '18.19.1', '20.18.3', '21.7.0', '22.11.0'])('Node %s is refused', async (version, { desk }) => {
    desk.put('../old.cjs', `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    const old = [process.execPath, '--require', join(desk.folder, '../old.cjs'), bin, 'x', '--yes'];
    await refused(
      desk,
      () => run(old, desk.folder, desk.env),
      new RegExp(`Node ${version.replaceAll('.', '\\.')}.*20\\.19`, 's'),
    );
  });

  test.for(['20.19.0', '22.12.0', '23.0.0', '24.1.0', '26.0.0'])('Node %s is not', async (version, { desk }) => {
    desk.put('../new.cjs', `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    const { code } = await run(
      [process.execPath, '--require', join(desk.folder, '../new.cjs'), bin, '--version'],
      desk.folder,
      desk.env,
    );
    expect(code).toBe(0);
  });
});
