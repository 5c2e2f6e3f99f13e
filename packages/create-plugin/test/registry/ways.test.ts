import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { isRoot } from '../../../core/test/harness/machine.ts';
import { projectRecordName, templateVersion } from '../../src/answers.ts';
import { checkProject, usePacked } from './project.ts';
import { test, type User } from './user.ts';

const create = ['npm', 'create', 'criu-plugin@latest'];
const handles = ['external-file'] as const;

// The first comes with nothing; the others find in npm's cache what those before them have fetched.
const cache = mkdtempSync(join(tmpdir(), 'criujs-npm-cache-'));

afterAll(() => rmSync(cache, { recursive: true }));

/** Puts a Node of that version, as the registry has it, where the user finds it; the path of its program. */
async function otherNode(user: User, version: string): Promise<string> {
  const folder = user.path(`node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  await user.run(user.home, ['npm', 'install', '--prefix', folder, `${name}@${version}`]);
  return join(folder, 'node_modules', name, 'bin', 'node');
}

describe('a new project', () => {
  test('in a folder with blanks and letters of other languages', async ({ newUser, place }) => {
    const user = await newUser();
    const folder = user.path('Größe und Пример 例');
    mkdirSync(folder);
    await user.run(folder, [...create, 'mein Plugin', '--', '--yes', '--name', 'mein-plugin']);
    const file = await checkProject(user, join(folder, 'mein Plugin'));
    await usePacked(user, place, { file, name: 'mein-plugin', handles });
  });

  // The oldest that is supported, and the newest of long support; one of both may be what runs this.
  test.for(['20.19', '24'])('under Node %s', async (version, { newUser, place }) => {
    const installer = await newUser({ cache });
    const node = await otherNode(installer, version);
    const user = await newUser({ node, cache });
    expect(await user.run(user.home, ['node', '--version'])).toContain(`v${version}.`);
    await user.run(user.home, [...create, 'my-plugin', '--', '--yes']);
    const file = await checkProject(user, user.path('my-plugin'));
    await usePacked(user, place, { file, name: 'my-plugin', handles });
  });

  test('from a file in place of the registry', async ({ newUser }) => {
    const user = await newUser({ cache });
    await user.run(user.home, ['npm', 'pack', 'create-criu-plugin@latest']);
    const file = readdirSync(user.home).find((name) => name.endsWith('.tgz'));
    await user.run(user.home, ['npx', '--yes', `./${file}`, 'my-plugin', '--yes']);
    await checkProject(user, user.path('my-plugin'));
  });

  test('through Yeoman, which does not run as root', async ({ newUser }) => {
    const user = await newUser({ asNobody: isRoot });
    await user.run(user.home, ['npm', 'install', '--global', 'yo', 'generator-criu-plugin']);
    await user.run(user.home, ['yo', 'criu-plugin', 'my-plugin', '--yes']);
    await checkProject(user, user.path('my-plugin'));
  });

  test('from an existing plugin in C', async ({ newUser }) => {
    const user = await newUser({ cache });
    writeFileSync(user.path('tape.c'), tape);
    writeFileSync(user.path('tape-hooks.inc'), tapeHooks);
    const said = await user.run(user.home, [...create, 'tape', '--', '--yes', '--from', 'tape.c']);
    expect(said).toContain('2 hooks read: DUMP_EXT_FILE, RESTORE_EXT_FILE (tape.c)');
    const source = readdirSync(user.path('tape/src'))
      .map((name) => readFileSync(join(user.path('tape/src'), name), 'utf8'))
      .join('\n');
    expect(source).toContain("'DUMP_EXT_FILE'");
    expect(source).toContain("'RESTORE_EXT_FILE'");
    expect(source).not.toContain("'DUMP_UNIX_SK'");
    expect(source).toContain('Was tape_dump_file(int fildes, int ident).');
    expect(source).toContain("inventoryName: 'The Tape',");
    expect(await user.run(user.path('tape'), ['npm', 'run', 'dev'])).toMatch(
      // No machine has to have /dev/tape0: then nothing is held, and the program comes back.
      /DUMP_EXT_FILE .*\/dev\/|It runs as \d+\. It had counted to/,
    );
    await checkProject(user, user.path('tape'));
  });
});

test('without --yes and without a terminal nothing is guessed and nothing is written', async ({ newUser }) => {
  const user = await newUser({ cache });
  const { code, stderr } = await user.try(user.home, [...create, 'my-plugin']);
  expect(code).toBe(1);
  expect(stderr).toContain('--yes');
  expect(existsSync(user.path('my-plugin'))).toBe(false);
});

test('npx create-criu-plugin update brings a project of the first template to what a new one is', async ({
  newUser,
}) => {
  const user = await newUser({ cache });
  await user.run(user.home, [...create, 'my-plugin', '--', '--yes']);
  const project = user.path('my-plugin');
  const update = ['npx', '--yes', 'create-criu-plugin@latest', 'update'];
  expect(await user.run(project, update)).toContain('nothing to do');

  const workflow = join(project, '.github/workflows/ci.yml');
  const today = readFileSync(workflow, 'utf8');
  const first = today.replace('[20, 22, 24, 26]', '[20, 22, 24]');
  expect(first).not.toBe(today);
  writeFileSync(workflow, first);
  rmSync(join(project, 'AGENTS.md'));
  const record = JSON.parse(readFileSync(join(project, projectRecordName), 'utf8'));
  expect(record.template).toBe(templateVersion);
  writeFileSync(join(project, projectRecordName), `${JSON.stringify({ ...record, template: 1 }, null, 2)}\n`);

  const refused = await user.try(project, update);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not committed') });
  await user.run(project, ['git', 'commit', '--quiet', '--all', '--message', 'The first template']);
  await user.run(project, update);
  expect(readFileSync(workflow, 'utf8')).toBe(today);
  expect(JSON.parse(readFileSync(join(project, projectRecordName), 'utf8'))).toEqual(record);
  expect(existsSync(join(project, 'AGENTS.md'))).toBe(true);
  await user.run(project, ['npm', 'run', 'lint']);
});

/** As one finds them: with macros around those of CRIU's header, and a list of hooks in a file of its own. */
const tape = `#include "criu-plugin.h"

static int tape_init(int stage) { return 0; }
static void tape_exit(int stage, int ret) {}
CR_PLUGIN_REGISTER("The Tape", tape_init, tape_exit)

int tape_dump_file(int fildes, int ident) { return -ENOTSUP; }
int tape_restore_file(int ident) { return open("/dev/tape0", 0); }
#define TAPE_HOOK(hook, function) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##hook, tape_##function)
#include "tape-hooks.inc"
`;
const tapeHooks = 'TAPE_HOOK(DUMP_EXT_FILE, dump_file)\nTAPE_HOOK(RESTORE_EXT_FILE, restore_file)\n';
