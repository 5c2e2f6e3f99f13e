import { expect, test } from 'vitest';
import { requestOf } from './options.ts';

/** As `yo` 7 hands over what it read: each name twice. */
test("yo's fields are read like flags", () => {
  const request = requestOf(['my-plugin'], {
    env: {},
    resolved: '/x/index.js',
    namespace: 'criu-plugin:app',
    sharedData: {},
    skipLocalCache: true,
    packageManager: 'pnpm',
    'package-manager': 'pnpm',
    handles: ['unix-socket', 'accelerator'],
    license: 'ISC',
    git: false,
    skipInstall: true,
    'skip-install': true,
    dryRun: true,
    yes: true,
  });
  expect(Object.fromEntries(request.given)).toEqual({
    folder: 'my-plugin',
    packageManager: 'pnpm',
    handles: ['unix-socket', 'accelerator'],
    licence: 'ISC',
    git: false,
    install: false,
  });
  expect(request).toMatchObject({ yes: true, dryRun: true, force: false, json: false, from: null, extra: [] });
});

test("yo's default for the installation is no answer", () => {
  expect(requestOf([], { skipInstall: false, 'skip-install': false }).given.size).toBe(0);
});

test('a near miss is a mistake, whatever else Yeoman hands over', () => {
  expect(() => requestOf([], { handels: 'x' })).toThrow('unknown flag --handels');
  expect(requestOf([], { somethingOfYeoman: true }).given.size).toBe(0);
});

test('numbers are texts, and words beyond the folder are kept', () => {
  expect(requestOf([], { name: 5 }).given.get('name')).toBe('5');
  expect(requestOf(['a', 'b'], {}).extra).toEqual(['b']);
});
