import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../command/parse-arguments.ts';
import { openQuestions, type Prepared, prepare } from './prepare.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'create-criu-plugin-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

interface There {
  readonly terminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

async function prepared(
  args: readonly string[],
  { terminal = false, environment = {} }: There = {},
): Promise<Prepared> {
  const invocation = parseArguments(args);
  if (invocation.command !== 'create') throw new Error('not the right command');
  return await prepare(invocation.request, { cwd, terminal, environment });
}

describe('--yes', () => {
  test('takes every default', async () => {
    const { known } = await prepared(['--yes']);
    expect(known).toEqual({
      folder: 'my-criu-plugin',
      name: 'my-criu-plugin',
      description: 'A plugin for checkpoint and restore with criujs',
      handles: ['external-file'],
      device: '',
      options: false,
      packageManager: 'npm',
      licence: 'MIT',
      git: true,
      ci: true,
      install: true,
    });
  });

  test("makes the package's name from the folder's", async () => {
    expect((await prepared(['Größer Plan', '--yes'])).known.name).toBe('grosser-plan');
    expect((await prepared(['a/b', '--yes'])).known.name).toBe('b');
  });

  test('takes the package manager that runs the command', async () => {
    const agents = {
      pnpm: 'pnpm/10.1.0 npm/? node/v22.0.0 linux x64',
      yarn: 'yarn/4.5.0 npm/? node/v22',
      bun: 'bun/1.2',
    };
    for (const [name, npm_config_user_agent] of Object.entries(agents)) {
      expect((await prepared(['--yes'], { environment: { npm_config_user_agent } })).known.packageManager).toBe(name);
    }
  });
});

describe('flags', () => {
  test('are read and checked', async () => {
    const { known } = await prepared(['x', '--handles', 'accelerator, unix-socket', '--handles=Lifecycle', '--yes']);
    expect(known.handles).toEqual(['unix-socket', 'accelerator', 'lifecycle']);
  });

  test.each([
    [['--name', 'Bad Name'], 'INVALID_NAME', 'bad-name'],
    [['--handles', 'acelerator'], 'INVALID_ANSWER', 'Did you mean accelerator?'],
    [['--handles', ','], 'INVALID_ANSWER', 'external-file'],
    [['--licence', 'GPL'], 'INVALID_ANSWER', 'MIT'],
    [['--package-manager', 'nmp'], 'INVALID_ANSWER', 'Did you mean npm?'],
    [['--git=maybe'], 'INVALID_ANSWER', '--no-git'],
    [['--description', 'two\nlines'], 'INVALID_ANSWER', 'one line'],
    [['--folder', ' '], 'INVALID_ANSWER', 'Name one'],
    [['a\nb'], 'INVALID_ANSWER', 'typed'],
    [['a\0b'], 'INVALID_ANSWER', 'typed'],
    [['a', 'b'], 'USAGE', '--'],
  ])('%s is refused', async (args, code, remedy) => {
    const refused = prepared([...args, '--yes']);
    await expect(refused).rejects.toMatchObject({ code, remedy: expect.stringContaining(remedy) });
  });
});

describe('--from', () => {
  const plugin = (hook: string): string =>
    `CR_PLUGIN_REGISTER_DUMMY("a")\nCR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${hook}, f)\nconst char *device = "/dev/radio";`;
  beforeEach(() => {
    writeFileSync(join(cwd, 'files.c'), plugin('DUMP_EXT_FILE'));
    writeFileSync(join(cwd, 'pauses.c'), plugin('PAUSE_DEVICES'));
  });

  test('of a plugin that dumps files a device is asked for; the source may name it', async () => {
    expect((await prepared(['--from=files.c', '--yes'])).known.device).toBe('/dev/radio');
    expect((await prepared(['--from=files.c', '--device', '/dev/x', '--yes'])).known.device).toBe('/dev/x');
    const { known, situation } = await prepared(['x', '--from=files.c'], { terminal: true });
    expect(openQuestions(known, situation)).toContain('device');
    await expect(prepared(['x', '--from=files.c'])).rejects.toMatchObject({
      message: expect.stringContaining('--device <path>'),
    });
  });

  test('of another one it is not', async () => {
    expect((await prepared(['--from=pauses.c', '--yes'])).known.device).toBe('');
    const { known, situation } = await prepared(['x', '--from=pauses.c'], { terminal: true });
    expect(openQuestions(known, situation)).not.toContain('device');
  });

  test.each([
    [['--from=pauses.c', '--device=/dev/x'], 'USAGE', 'Leave --device out'],
    [['--device=/dev/x'], 'USAGE', 'Leave --device out'],
    [['--from=files.c', '--device=dev/x'], 'INVALID_ANSWER', '--device /dev/fuse'],
    [['--from=files.c', '--device=/dev/x\n'], 'INVALID_ANSWER', '--device /dev/fuse'],
    [['--partial'], 'USAGE', '--from plugin.c'],
  ])('%s is refused', async (args, code, remedy) => {
    await expect(prepared([...args, '--yes'])).rejects.toMatchObject({ code, remedy: expect.stringContaining(remedy) });
  });
});

describe('without a terminal and without --yes', () => {
  test('the missing flags are listed', async () => {
    await expect(prepared(['x', '--name=x', '--no-git'])).rejects.toMatchObject({
      code: 'MISSING_FLAGS',
      message: expect.stringMatching(
        /--description.*--handles.*--\[no-\]options.*--package-manager.*--licence.*--skip-install/s,
      ),
    });
    await expect(prepared(['x', '--name=x', '--no-git'])).rejects.not.toMatchObject({
      message: expect.stringMatching(/--name|--\[no-\]git/),
    });
  });

  test('nothing is missing when every question has its flag', async () => {
    const args = ['x', '--name=x', '--description=x', '--handles=lifecycle', '--no-options', '--package-manager=npm'];
    const { known, situation } = await prepared([...args, '--licence=MIT', '--no-git', '--no-ci', '--skip-install']);
    expect(openQuestions(known, situation)).toEqual([]);
  });
});

test('at a terminal what has no flag is asked, in order', async () => {
  const { known, situation } = await prepared(['x', '--licence=MIT'], { terminal: true });
  expect(openQuestions(known, situation)).toEqual([
    ...['name', 'description', 'handles', 'options', 'packageManager', 'git', 'ci', 'install'],
  ]);
});

test('--json asks nothing, terminal or not', async () => {
  await expect(prepared(['x', '--json'], { terminal: true })).rejects.toMatchObject({ code: 'MISSING_FLAGS' });
});
