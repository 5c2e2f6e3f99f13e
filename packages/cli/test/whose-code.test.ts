import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Ended, nobody, run } from '../../core/test/harness/command.ts';
import { installedFor } from '../../core/test/harness/installed.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';

// Code that lies in a directory, and who runs it: root and two ordinary users.

/** Somebody whom this machine does not know. */
const stranger = 54_321;
const root = 0;

interface Case {
  readonly folder: string;
  /** Code that leaves a mark wherever it runs. */
  write(name: string, owner: number, mode?: number): string;
  /** A command in the folder, as a user. The code that ran, by its names. */
  as(
    user: number,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Ended & { readonly ran: boolean }>;
}

async function caseIn(place: Place, owner: number, mode = 0o755): Promise<Case> {
  const bin = await installedFor(place, { asNobody: true });
  const folder = place.fresh('project');
  mkdirSync(folder);
  const marks = place.fresh('marks');
  mkdirSync(marks);
  chmodSync(marks, 0o777);
  const mark = join(marks, 'ran');
  chownSync(folder, owner, owner);
  chmodSync(folder, mode);
  return {
    folder,
    write(name, user, fileMode = 0o644) {
      const path = join(folder, name);
      mkdirSync(join(path, '..'), { recursive: true });
      const code = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\nexport default {};\n`;
      writeFileSync(path, code);
      chownSync(path, user, user);
      chmodSync(path, fileMode);
      return path;
    },
    async as(user, args, env = {}) {
      rmSync(mark, { force: true });
      const who = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
      const clean = ['env', '-u', 'SUDO_UID', '-u', 'SUDO_GID'];
      const ended = await run([...who, ...clean, ...assignments(env), process.execPath, bin, ...args], { cwd: folder });
      return { ...ended, ran: existsSync(mark) };
    },
  };
}

function assignments(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** Needs a configuration, and changes nothing. Whether it may look at that process is another question. */
const plan = ['plan', '-t', String(process.pid)];

describe.skipIf(!isRoot)('a configuration that is found', () => {
  test('is used by its owner, and named in one line; not by root, nor by a third', async ({ place }) => {
    const { write, as } = await caseIn(place, nobody);
    const path = write('criu.config.mjs', nobody);
    const own = await as(nobody, plan);
    expect(own.ran).toBe(true);
    expect(own.stderr.split('\n').filter((line) => line.includes('criu.config'))).toEqual([
      `criujs: configuration ${path}`,
    ]);
    for (const user of [root, stranger]) {
      const other = await as(user, plan);
      expect(other.ran, `${user}`).toBe(false);
      expect(other.stderr).toContain(`criujs: warning: ${path} is not used: it belongs to user ${nobody}.`);
      expect((await as(user, [...plan, '--config', path])).ran, `${user} names it`).toBe(true);
    }
    const behindSudo = await as(root, plan, { SUDO_UID: String(nobody) });
    expect(behindSudo.ran).toBe(true);
    expect(behindSudo.stderr).toContain(`criujs: configuration ${path}`);
    expect((await as(root, plan, { SUDO_UID: String(stranger) })).ran).toBe(false);
    expect((await as(nobody, [...plan, '--no-config'])).ran).toBe(false);
  });

  test('is not used where others may write it or its folder, sticky ones aside', async ({ place }) => {
    const { folder, write, as } = await caseIn(place, root);
    const path = write('criu.config.mjs', root);
    for (const user of [root, nobody, stranger]) expect((await as(user, plan)).ran, `${user}`).toBe(true);
    chmodSync(folder, 0o777);
    for (const user of [root, nobody, stranger]) {
      const { ran, stderr } = await as(user, plan);
      expect(ran, `${user}`).toBe(false);
      expect(stderr).toContain(`is not used: others may write the folder ${folder}`);
    }
    chmodSync(folder, 0o1777);
    for (const user of [root, nobody]) expect((await as(user, plan)).ran, `${user}, sticky`).toBe(true);
    chmodSync(folder, 0o755);
    chmodSync(path, 0o666);
    for (const user of [root, nobody]) {
      expect(await as(user, plan)).toMatchObject({ ran: false, stderr: expect.stringContaining(`chmod go-w ${path}`) });
      expect(await as(user, [...plan, '--config', path])).toMatchObject({ ran: false, code: 2 });
    }
  });
});

describe.skipIf(!isRoot)('a plugin', () => {
  test('that others may write is refused with the command that mends it, whoever runs it', async ({ place }) => {
    const { write, as } = await caseIn(place, nobody);
    const path = write('plugin.mjs', nobody, 0o666);
    for (const user of [root, nobody, stranger]) {
      const { ran, code, stderr } = await as(user, [...plan, '--plugin', './plugin.mjs']);
      expect({ ran, code }, `${user}`).toEqual({ ran: false, code: 4 });
      expect(stderr).toContain(`chmod go-w ${path}`);
    }
    chmodSync(path, 0o644);
    for (const user of [root, nobody, stranger])
      expect((await as(user, [...plan, '--plugin', './plugin.mjs'])).ran, `${user}: a path that was typed`).toBe(true);
  });

  test('is listed and inspected without being run, whoever asks', async ({ place }) => {
    const { folder, write, as } = await caseIn(place, nobody);
    write('node_modules/criu-plugin-marks/index.js', nobody);
    const manifest = { name: 'criu-plugin-marks', version: '1.2.3', keywords: ['criu-plugin'], type: 'module' };
    writeFileSync(join(folder, 'node_modules/criu-plugin-marks/package.json'), JSON.stringify(manifest));
    for (const user of [root, nobody, stranger]) {
      const list = await as(user, ['plugin', 'list']);
      expect({ ran: list.ran, code: list.code }, `${user}`).toEqual({ ran: false, code: 0 });
      expect(list.stdout).toContain('criu-plugin-marks 1.2.3');
      expect((await as(user, ['plugin', 'inspect', 'criu-plugin-marks'])).ran, `${user}`).toBe(false);
    }
  });
});
