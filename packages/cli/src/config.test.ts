import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'criujs-config-'));
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test('none is fine, unless one was asked for', async () => {
  expect(await loadConfig(cwd, true)).toEqual({ path: null });
  await expect(loadConfig(cwd, 'criu.config.ts')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('there is no configuration'),
  });
});

test('TypeScript is read; paths of plugins are meant from the configuration', async () => {
  mkdirSync(join(cwd, 'deep'));
  const text = `const plugins: string[] = ['./a.ts', 'b.js', '@scope/gpu', '/abs/c.js']; export default { plugins, hookDeadline: 5 as number };`;
  writeFileSync(join(cwd, 'deep', 'criu.config.ts'), text);
  expect(await loadConfig(cwd, 'deep/criu.config.ts')).toEqual({
    path: join(cwd, 'deep', 'criu.config.ts'),
    plugins: [join(cwd, 'deep', 'a.ts'), join(cwd, 'deep', 'b.js'), '@scope/gpu', '/abs/c.js'],
    hookDeadline: 5,
  });
});

test('all installed plugins may be meant', async () => {
  writeFileSync(join(cwd, 'criu.config.ts'), "export default { plugins: 'installed' };");
  expect(await loadConfig(cwd, true)).toEqual({ path: join(cwd, 'criu.config.ts'), plugins: 'installed' });
});

test('--no-config reads nothing', async () => {
  writeFileSync(join(cwd, 'criu.config.ts'), 'throw new Error()');
  expect(await loadConfig(cwd, false)).toEqual({ path: null });
});

test.each([
  ['throw new Error("oops")', 'oops'],
  ['export default 5', 'no default export'],
  ['export default { plugin: [] }', 'unknown setting plugin'],
  ['export default { plugins: "x" }', "plugins is neither an array nor 'installed'"],
  ['export default { hookDeadline: "x" }', 'hookDeadline is not a number'],
  ['export default { external: "pipe[1]" }', 'external is not an array of names'],
  ['export default { shellJob: 1 }', 'shellJob is not true or false'],
  ['export default { ghostLimit: "1M" }', 'ghostLimit is not a number of bytes, 0 or more'],
  ['export default { inheritFd: ["fd[1]:a"] }', 'inheritFd is not an array of { fd, key }'],
])('%s is a mistake', async (text, message) => {
  writeFileSync(join(cwd, 'criu.config.js'), text);
  await expect(loadConfig(cwd, true)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message),
  });
});
