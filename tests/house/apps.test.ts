import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withApps } from '../../scripts/docs/apps.ts';
import { apps } from '../apps/table.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const readme = read('README.md');

test('the README has the applications of docs/apps.json', () => {
  expect(withApps(readme), 'run npm run docs').toBe(readme);
  expect(withApps(readme.replace(/\| redis-server \| \w+/, '| redis-server | no'))).toBe(readme);
});

test('a README without the marks is an error', () => {
  expect(() => withApps('# criujs')).toThrow(/put them back/);
});

test('each application that there is was tried, also with CRIU', () => {
  const { apps: seen } = JSON.parse(read('docs/apps.json')) as { apps: { name: string; criu: object | null }[] };
  expect(seen.map(({ name }) => name)).toEqual(apps.map(({ name }) => name));
  for (const { name, criu } of seen) expect(criu, name).not.toBeNull();
});
