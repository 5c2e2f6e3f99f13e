import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { offlineMissing } from './offline.ts';
import { publishedManifests } from './publish.ts';
import { createUser, type User } from './user.ts';

const registry = inject('registry');
let user: User;

beforeAll(async () => {
  user = await createUser(registry);
});

afterAll(() => user.leave());

test('every package of this repository is on the registry, and is the latest', async () => {
  for (const { name, version } of publishedManifests()) {
    const shown = await user.run(user.home, ['npm', 'view', name, 'dist-tags.latest', 'dist.tarball', '--json']);
    expect(JSON.parse(shown)).toEqual({
      'dist-tags.latest': version,
      'dist.tarball': expect.stringMatching(`^${registry}`),
    });
  }
});

test('all of them install from it, with what they need, and criujs answers', async () => {
  const folder = user.path('all');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somebody', private: true }));
  await user.run(folder, ['npm', 'install', ...publishedManifests().map(({ name }) => name)]);
  expect(await user.run(folder, ['npx', 'criujs', '--version'])).toMatch(/^\d+\.\d+\.\d+/);
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const sources = Object.entries<{ resolved?: string }>(packages).filter(([path]) => path !== '');
  expect(sources.length).toBeGreaterThan(publishedManifests().length);
  expect(sources.filter(([, { resolved }]) => !resolved?.startsWith(registry))).toEqual([]);
});

test('a package of a stranger never stands in for one of ours', async () => {
  const { code, stderr } = await user.try(user.home, ['npm', 'view', '@criujs/no-such-package', 'name']);
  expect(code).toBe(1);
  expect(stderr).toContain('E404');
});

test.skipIf(offlineMissing !== null)('the user reaches the registry and nothing else', async () => {
  const reach = (address: string): readonly string[] => [
    'node',
    '-e',
    `fetch('${address}').then((it) => console.log(it.status), (error) => console.log(error.cause?.code))`,
  ];
  expect(await user.run(user.home, reach(`${registry}criujs`))).toBe('200\n');
  // An address for documentation (RFC 5737): no route leads there, where the machine's own network would wait.
  expect(await user.run(user.home, reach('http://192.0.2.1/'))).toBe('ENETUNREACH\n');
});
