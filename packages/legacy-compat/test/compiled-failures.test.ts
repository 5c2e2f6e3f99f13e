import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { legacyLoader } from '@criujs/legacy-compat';
import { createPluginHost, type HostError, type LogEntry, type PluginHost } from '@criujs/plugin-host';
import { fileId, pid, type Stage } from '@criujs/plugin-sdk';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../core/test/harness/wait.ts';
import { childrenOf } from './children.ts';
import { compilePlugin, compilerMissing, temporaryFolder } from './compile.ts';

// Compiled plugins that cannot be loaded, and those that do what none may do: the run fails with their name, and only the run.

const file = {
  path: '/dev/x',
  kind: 'character',
  rdev: null,
  inode: 3,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
} as const;

async function hostOf(
  plugin: string,
  more: { readonly images?: string; readonly log?: LogEntry[] } = {},
): Promise<PluginHost> {
  return createPluginHost({
    plugins: [plugin],
    loaders: [legacyLoader()],
    images: more.images,
    deadline: 1000,
    onLog: (entry) => void more.log?.push(entry),
  });
}

function failure(work: Promise<unknown>): Promise<HostError> {
  return work.then(
    () => expect.fail('nothing failed'),
    (error: HostError) => error,
  );
}

describe.skipIf(compilerMissing)(`compiled plugins${compilerMissing === null ? '' : ` (${compilerMissing})`}`, () => {
  describe('are refused before anything of them runs', () => {
    const refusals: readonly (readonly [name: string, message: RegExp])[] = [
      ['too-many-hooks', /declares 99 hooks; 15 are known/],
      ['too-new', /0\.3\.0, newer than 0\.2\.0/],
      ['no-symbols', /CR_PLUGIN_DESC/],
      ['unknown-symbols', /needs one_more_function, another_function/],
    ];
    test.each(refusals)('%s', async (name, message) => {
      const path = compilePlugin(name, temporaryFolder());
      const error = await failure(hostOf(path));
      expect(error).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringMatching(message) });
      expect(error.message).toContain(path);
      expect(error.remedy).toMatch(/\w{3}/);
      expect(childrenOf(process.pid), 'no process was needed').toEqual([]);
    });

    test('a file that is no library, one of another machine, and none', async () => {
      const folder = temporaryFolder();
      const text = join(folder, 'text.so');
      writeFileSync(text, 'no library');
      const alien = join(folder, 'alien.so');
      const bytes = readFileSync(compilePlugin('old-file', folder));
      // e_machine of elf(5): 183 is aarch64.
      bytes.writeUInt16LE(183, 18);
      writeFileSync(alien, bytes);
      expect(await failure(hostOf(text))).toMatchObject({
        code: 'PLUGIN_INVALID',
        message: expect.stringContaining(`${text} cannot be loaded: it is not a compiled library`),
      });
      expect(await failure(hostOf(alien))).toMatchObject({
        code: 'PLUGIN_INVALID',
        message: expect.stringContaining('it is for aarch64'),
      });
      expect(await failure(hostOf(join(folder, 'none.so')))).toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
    });

    test('a library that is not where the plugin wants it is named', async () => {
      const folder = temporaryFolder();
      compilePlugin('no-symbols', folder);
      const path = compilePlugin('trivial', folder, ['-Wl,--no-as-needed', `-L${folder}`, '-l:no-symbols.so']);
      const error = await failure((await hostOf(path)).start('dump'));
      expect(error).toMatchObject({ code: 'PLUGIN_INIT_FAILED', message: expect.stringMatching(/no-symbols\.so/) });
    });
  });

  test.each([
    ['linked with all symbols at once', ['-Wl,-z,now']],
    ['stripped', ['-s']],
    ['that hide all that they can', ['-O2', '-flto', '-fvisibility=hidden']],
    ['that are not optimised', ['-O0']],
  ])('%s are like others', async (_, flags) => {
    const folder = temporaryFolder();
    const host = await hostOf(compilePlugin('ext-file', folder, flags), { images: folder });
    expect(host.plugins).toMatchObject([{ name: 'ext-file', hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'] }]);
    await host.start('dump');
    const fd = openSync('/dev/zero', 'r');
    expect(await host.call('DUMP_EXT_FILE', { fd, id: fileId(1), file })).toMatchObject({ claimed: true });
    closeSync(fd);
    expect(await host.finish({ ok: true })).toEqual([]);
  });

  describe('that misbehave fail the run, by name, and are gone afterwards', () => {
    const hooks = { dump: 'DUMP_EXT_FILE', restore: 'RESTORE_EXT_FILE' } as const;

    /** What came of a run in which the plugin does that. */
    async function misbehave(
      how: string,
      where: string,
    ): Promise<{ error: HostError | null; log: LogEntry[]; late: readonly unknown[] }> {
      vi.stubEnv('MISBEHAVE', `${how}:${where}`);
      onTestFinished(() => void vi.unstubAllEnvs());
      const folder = temporaryFolder();
      const log: LogEntry[] = [];
      const host = await hostOf(compilePlugin('misbehaves', folder), { images: folder, log });
      const fd = openSync('/dev/zero', 'r');
      const stage: Stage = where === 'restore' ? 'restore' : 'dump';
      const run = async (): Promise<void> => {
        await host.start(stage);
        const args = { fd, id: fileId(1), file: { ...file, provider: null } };
        if (where === 'pause') await host.call('PAUSE_DEVICES', { pid: pid(1) });
        else await host.call(hooks[stage as 'dump'], args as never);
      };
      const error = await run().then(
        () => null,
        (it: HostError) => it,
      );
      const late = await host.finish(error === null ? { ok: true } : { ok: false, error });
      closeSync(fd);
      await until('the process of the plugin is gone', () => childrenOf(process.pid).length === 0);
      // An exit that was given up is cleaned up after without anybody waiting for it.
      await until(
        'no directory is left half made',
        () => readdirSync(folder).filter((it) => it.startsWith('.')).length === 0,
      );
      return { error, log, late };
    }

    test.each(['load', 'init'])('in %s', async (where) => {
      const crashed = await misbehave('crash', where);
      expect(crashed.error).toMatchObject({
        code: 'PLUGIN_INIT_FAILED',
        plugin: 'misbehaves',
        message: expect.stringMatching(/misbehaves\.so was ended by SIGSEGV/),
      });
      expect(crashed.late, 'it was said already').toEqual([]);
      expect((await misbehave('hang', where)).error).toMatchObject({
        code: 'HOOK_TIMEOUT',
        plugin: 'misbehaves',
        hook: 'init',
      });
    });

    test.each([
      ['crash', 'SIGSEGV'],
      ['abort', 'SIGABRT'],
    ])('by a %s', async (how, signal) => {
      for (const where of ['dump', 'restore', 'pause'] as const) {
        const { error, late, log } = await misbehave(how, where);
        expect(error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'misbehaves', cause: { code: 'PLUGIN_EXITED' } });
        expect(error?.message).toContain(`misbehaves.so was ended by ${signal}`);
        expect(late).toEqual([]);
        expect(log.at(-1), 'its last words').toMatchObject({
          level: 'warn',
          message: expect.stringContaining(`${how} in ${where}`),
        });
      }
    });

    test('by exit(3)', async () => {
      const { error } = await misbehave('exit', 'dump');
      expect(error).toMatchObject({
        code: 'HOOK_FAILED',
        message: expect.stringContaining('misbehaves.so exited with code 0'),
      });
    });

    test.each(['hang', 'spin'])('by a %s: its process is killed at the deadline', async (how) => {
      const { error, late } = await misbehave(how, 'dump');
      expect(error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'misbehaves', hook: 'DUMP_EXT_FILE' });
      expect(late).toEqual([]);
    });

    test('by answers that make no sense', async () => {
      expect((await misbehave('5', 'dump')).error?.message).toContain('misbehaves.so answered 5');
      const nothing = await misbehave('n', 'restore');
      expect(nothing.error?.message).toContain('misbehaves.so answered 999, which is no open descriptor');
      expect(nothing.error?.cause).toMatchObject({ code: 'HOOK_BAD_RESULT' });
      expect((await misbehave('-', 'dump')).error).toMatchObject({ errno: 'EACCES' });
      expect((await misbehave('-', 'init')).error).toMatchObject({ code: 'PLUGIN_INIT_FAILED', errno: 'EACCES' });
    });

    test('in exit: that is told at the end', async () => {
      const crashed = await misbehave('crash', 'exit');
      expect(crashed.error).toBe(null);
      expect(crashed.late).toMatchObject([{ plugin: 'misbehaves', message: expect.stringContaining('SIGSEGV') }]);
      expect((await misbehave('hang', 'exit')).late).toMatchObject([{ code: 'HOOK_TIMEOUT', hook: 'exit' }]);
    });

    test('what it prints is in the log', async () => {
      const { error, log } = await misbehave('print', 'dump');
      expect(error).toBe(null);
      for (const [level, message] of [
        ['info', 'said on stdout'],
        ['warn', 'said on stderr'],
      ])
        expect(log).toContainEqual(expect.objectContaining({ level, message, plugin: 'misbehaves' }));
    });
  });

  test('the host’s own death ends the process, even one that hangs', async () => {
    const folder = temporaryFolder();
    const path = compilePlugin('misbehaves', folder);
    const program = `
      import { createPluginHost } from '@criujs/plugin-host';
      import { legacyLoader } from '@criujs/legacy-compat';
      const host = await createPluginHost({ plugins: [${JSON.stringify(path)}], loaders: [legacyLoader()], onLog: ({ message }) => {
        if (!message.includes('hang in init')) return;
        const { pid } = process;
        process.kill(pid, 'SIGKILL');
      } });
      await host.start('dump');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, MISBEHAVE: 'hang:init' },
      encoding: 'utf8',
    });
    expect(signal).toBe('SIGKILL');
    await until('nobody has the plugin', () => usersOf(path).length === 0);
  });

  test('files to read back may be no links', async () => {
    const folder = temporaryFolder();
    const own = join(folder, 'criujs', 'ext-file');
    mkdirSync(own, { recursive: true });
    symlinkSync('/etc/passwd', join(own, 'ext-file-1.img'));
    const host = await hostOf(compilePlugin('ext-file', folder), { images: folder });
    const error = await failure(host.start('restore'));
    expect(error).toMatchObject({
      code: 'PLUGIN_INIT_FAILED',
      message: expect.stringContaining(join(own, 'ext-file-1.img')),
    });
    expect(error.cause).toMatchObject({ code: 'SECTION_UNSAFE' });
  });

  test('without a compiler the error says what to do', async () => {
    const folder = temporaryFolder();
    const path = compilePlugin('trivial', folder);
    vi.stubEnv('CRIUJS_NATIVE', 'build');
    vi.stubEnv('CC', 'no-such-compiler');
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const images = join(folder, 'images');
    mkdirSync(images);
    const error = await failure((await hostOf(path, { images })).start('dump'));
    expect(readdirSync(images)).toEqual([]);
    expect(error).toMatchObject({
      code: 'PLUGIN_INIT_FAILED',
      plugin: 'trivial',
      message: expect.stringContaining('there is no C compiler: no-such-compiler (CC) is not in PATH'),
      remedy: expect.stringContaining('apt-get install'),
      cause: { code: 'NATIVE_NO_COMPILER' },
    });
    expect(existsSync(join(folder, 'cache', 'criujs', 'native', 'runner'))).toBe(false);
  });

  test('a name without a path is a file, if there is one; and `.so.1` is a library, too', async () => {
    const folder = temporaryFolder();
    copyFileSync(compilePlugin('trivial', folder), join(folder, 'trivial.so.1'));
    for (const plugin of ['trivial.so', './trivial.so.1']) {
      const host = await createPluginHost({ plugins: [plugin], cwd: folder, loaders: [legacyLoader()] });
      expect(host.plugins).toMatchObject([{ name: 'trivial' }]);
    }
  });
});

/** Pids of those who have a file mapped. */
function usersOf(path: string): string[] {
  return spawnSync('sh', ['-c', `grep -l -- "$0" /proc/[0-9]*/maps 2>/dev/null || true`, path], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((it) => it !== '');
}
