import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeImage } from '@criujs/images';
import { legacyLoader } from '@criujs/legacy-compat';
import { createPluginHost, type LogEntry } from '@criujs/plugin-host';
import { fileId, type HookName, hookTable, mountId, pid, type Stage, socketInode } from '@criujs/plugin-sdk';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { compiler } from '../../core/test/harness/machine.ts';
import { compilePlugin, compilerMissing, temporaryFolder } from './compile.ts';

// The runner, built with the sanitizers of the compiler: a mistake in its memory ends it, and so the run.

const flags = '-fsanitize=address,undefined -fno-sanitize-recover=all';
const missing = compilerMissing ?? (canSanitize() ? null : 'a compiler without sanitizers');

function canSanitize(): boolean {
  const args = [...flags.split(' '), '-xc', '-o', '/dev/null', '-'];
  return spawnSync(compiler ?? 'cc', args, { input: 'int main(void) { return 0; }' }).status === 0;
}

/** From now on the runner is built anew, by a compiler that adds the sanitizers. */
function sanitize(folder: string): void {
  const cc = join(folder, 'cc');
  writeFileSync(cc, `#!/bin/sh\nexec ${compiler} ${flags} "$@"\n`);
  chmodSync(cc, 0o755);
  vi.stubEnv('CRIUJS_NATIVE', 'build');
  vi.stubEnv('CC', cc);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  onTestFinished(() => void vi.unstubAllEnvs());
}

const file = {
  path: '/dev/x',
  kind: 'character',
  rdev: null,
  inode: 3,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
  provider: null,
} as const;
/** All that any hook takes. */
const args = {
  id: fileId(7),
  inode: socketInode(8),
  pid: pid(9),
  file,
  mountpoint: '/mnt',
  oldRoot: '/old',
  index: 1,
  type: 2,
  kind: 'veth',
  path: '/dev/x',
  address: 4096n,
  oldOffset: 4096n,
};

describe.skipIf(missing)(`the runner with sanitizers${missing === null ? '' : ` (${missing})`}`, () => {
  test.each([
    ['every-hook', []],
    ['every-hook', ['-DFUNCTIONS']],
    ['ext-file', []],
  ] as const)('%s %j', async (name, more) => {
    const folder = temporaryFolder();
    sanitize(folder);
    const images = join(folder, 'images');
    mkdirSync(images);
    const log: LogEntry[] = [];
    const host = await createPluginHost({
      plugins: [compilePlugin(name, folder, more)],
      loaders: [legacyLoader()],
      images,
      onLog: (entry) => void log.push(entry),
    });
    for (const stage of ['dump', 'restore'] as const) {
      await host.start(stage);
      for (const hook of host.plugins[0]?.hooks ?? []) {
        if (hook.startsWith('RESTORE') !== (stage === 'restore') && name === 'ext-file') continue;
        await callHook(hook);
      }
      expect(await host.finish({ ok: true }), 'no leak, no mistake').toEqual([]);
    }
    const strange = log.filter(({ level, message }) => level !== 'info' && !message.includes('old structure'));
    expect(strange).toEqual([]);

    async function callHook(hook: HookName): Promise<void> {
      const fd = openSync('/dev/zero', 'r');
      const id = hook.includes('MOUNT') ? mountId(7) : args.id;
      const answer = await host.call(hook, { ...args, fd, id } as never);
      expect(answer.claimed, hook).toBe(hookTable[hook].kind === 'handler');
      if (hook === 'RESTORE_EXT_FILE' || hook === 'RESTORE_UNIX_SK')
        await (answer as unknown as { result: { close(): Promise<void> } }).result.close();
      closeSync(fd);
    }
  });

  test('the names that the images list are found by their beginning, each once', async () => {
    const folder = temporaryFolder();
    sanitize(folder);
    const images = join(folder, 'images');
    mkdirSync(images);
    const longest = 'z'.repeat(255);
    const said: string[] = [];
    const host = await createPluginHost({
      plugins: [compilePlugin('asks', folder)],
      loaders: [legacyLoader()],
      images,
      onLog: ({ message }) => void said.push(message),
    });
    const run = async (stage: Stage, ask: string): Promise<string[]> => {
      vi.stubEnv('ASK', ask);
      await host.start(stage);
      expect(await host.finish({ ok: true })).toEqual([]);
      return said.splice(0);
    };
    const list = encodeImage('INVENTORY', [
      { message: { imgVersion: 2, pluginsEntry: { plugins: ['first', longest] } } },
    ]);
    writeFileSync(join(images, 'inventory.img'), list);
    await run('dump', 'alpha,beta_plugin,gamma');
    const asked = 'beta,alpha,alpha,first,none,gammas,gamma,zz,z,beta';
    expect(await run('restore', asked)).toEqual([
      'asks: beta 1',
      'asks: alpha 1',
      'asks: alpha 0',
      'asks: first 1',
      'asks: none 0',
      'asks: gammas 0',
      'asks: gamma 1',
      'asks: zz 1',
      'asks: z 0',
      'asks: beta 0',
    ]);
  });
});
