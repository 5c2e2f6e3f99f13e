import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { buildNative, findCompiler, prebuildNative } from '@criujs/wire';
import { expect, onTestFinished, test } from 'vitest';
import { compilerMissing, scratch } from './peer.ts';

function program(folder: string, text = 'int main(void) { return 0; }\n'): string {
  const source = join(folder, 'small.c');
  writeFileSync(source, text);
  return source;
}

test.skipIf(compilerMissing !== null)('what is built is kept, until its source changes', async () => {
  const folder = scratch();
  const cache = join(folder, 'cache');
  const source = program(folder);
  const built = await buildNative({ source, kind: 'program', cache });
  execFileSync(built);
  const { mtimeMs, mode } = statSync(cache);
  expect(mode & 0o777).toBe(0o700);
  expect(await buildNative({ source, kind: 'program', cache })).toBe(built);
  expect(statSync(cache).mtimeMs).toBe(mtimeMs);
  program(folder, 'int main(void) { return 3; }\n');
  expect(await buildNative({ source, kind: 'program', cache })).not.toBe(built);
  expect(await buildNative({ source, kind: 'program', cache, flags: ['-DX'] })).not.toBe(built);
  expect(readdirSync(cache)).toHaveLength(3);
});

test.skipIf(compilerMissing !== null)('what was shipped needs no compiler, and is taken first', async () => {
  const folder = scratch();
  const options = { source: program(folder), kind: 'library', prebuilt: join(folder, 'prebuilt') } as const;
  const results = await prebuildNative(options);
  expect(results.map(({ arch }) => arch)).toEqual(['x64', 'arm64']);
  const own = results.find(({ arch }) => arch === process.arch)?.path;
  // No processor of ours: there is a compiler for it, or the reason why it was not built.
  for (const { path, why } of results) expect(path ?? why).toMatch(/\.so$|no C compiler/);
  expect(await buildNative({ ...options, env: { PATH: '' }, cache: join(folder, 'none') })).toBe(own);
  program(folder, 'int main(void) { return 4; }\n');
  await expect(buildNative({ ...options, env: { PATH: '' }, cache: join(folder, 'none') })).rejects.toMatchObject({
    code: 'NATIVE_NO_COMPILER',
  });
});

test('without a compiler it says what to do', async () => {
  const folder = scratch();
  const options = { source: program(folder), kind: 'program', cache: join(folder, 'cache') } as const;
  await expect(buildNative({ ...options, env: { PATH: '/nowhere' } })).rejects.toMatchObject({
    code: 'NATIVE_NO_COMPILER',
    message: 'there is no C compiler: none of cc, gcc, clang is in PATH',
    remedy: expect.stringContaining('apt-get install gcc libc6-dev'),
  });
  expect(() => findCompiler({ CC: 'no-such-cc', PATH: '/nowhere' })).toThrow('no-such-cc (CC) is not in PATH');
});

test.skipIf(compilerMissing !== null)('a warning is an error, and is shown', async () => {
  const folder = scratch();
  const source = program(folder, 'int main(int count) { return 0; }\n');
  const cache = join(folder, 'cache');
  await expect(buildNative({ source, kind: 'program', cache })).rejects.toMatchObject({
    code: 'NATIVE_BUILD_FAILED',
    message: expect.stringContaining('small.c:1'),
  });
  expect(readdirSync(cache)).toEqual([]);
});

const isRoot = process.geteuid?.() === 0;

test.skipIf(!isRoot || compilerMissing !== null)(
  'what another user has put into their cache is not used by root, as under sudo -E (root)',
  async () => {
    const folder = scratch();
    chmodSync(folder, 0o755);
    // A program of this test's alone: what is built lands in the cache of root.
    const source = program(folder, `int main(void) { return 0; } /* ${folder} */\n`);
    const name = basename(await buildNative({ source, kind: 'program', cache: join(folder, 'once') }));
    const home = join(folder, 'home');
    const planted = join(home, '.cache/criujs/native', name);
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    for (const path of [home, ...readdirSync(home, { recursive: true, encoding: 'utf8' }).map((it) => join(home, it))])
      chownSync(path, 65_534, 65_534);
    const env = { PATH: process.env['PATH'], HOME: home, SUDO_UID: '65534' };
    const built = await buildNative({ source, kind: 'program', env });
    onTestFinished(() => rmSync(built, { force: true }));
    expect(built).toBe(join(realpathSync(userInfo().homedir), '.cache/criujs/native', name));
    execFileSync(built);
  },
);

test('a folder that others may write to is not trusted', async () => {
  const folder = scratch();
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  chmodSync(cache, 0o777);
  await expect(buildNative({ source: program(folder), kind: 'program', cache })).rejects.toMatchObject({
    code: 'NATIVE_CACHE_UNSAFE',
    remedy: expect.stringContaining('XDG_CACHE_HOME'),
  });
});
