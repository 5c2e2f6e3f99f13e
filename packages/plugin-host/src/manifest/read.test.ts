import { expect, test } from 'vitest';
import { manifestProblemText, readManifest } from './read.ts';

const least = { plugin: 'radio', apiVersion: 1, hooks: ['DUMP_EXT_FILE'] };

const problemsOf = (criu: unknown): readonly string[] => {
  const reading = readManifest({ name: 'criujs-plugin-radio', criu });
  return reading.state === 'invalid' ? reading.problems.map(manifestProblemText) : [];
};

test('a package.json with a manifest gives it', () => {
  expect(readManifest({ name: 'criujs-plugin-radio', criu: least })).toEqual({
    state: 'valid',
    manifest: least,
    unknown: [],
  });
});

test.each([[{}], [null], [undefined], [7], ['{}'], [[]]])('%j has none', (packageJson) => {
  expect(readManifest(packageJson)).toEqual({ state: 'absent' });
});

test('what is wrong is said with its place, all of it', () => {
  const devices = [{ path: '/dev/radio' }, { path: '/dev/radio', major: '240' }];
  expect(problemsOf({ plugin: 'Radio', hooks: ['DUMP_FILE'], resources: { devices, files: '/a' } })).toEqual([
    'criu.plugin must be small letters, digits and dashes, a letter or digit first, and is "Radio"',
    'criu.apiVersion is missing',
    expect.stringMatching(/^criu\.hooks\[0\] must be a hook: one of DUMP_UNIX_SK, .*, and is "DUMP_FILE"$/),
    'criu.resources.devices[1].major must be a whole number from 0 to 4095, and is "240"',
    'criu.resources.files must be a list, and is "/a"',
  ]);
});

test('a list in the place of an object is one', () => {
  expect(problemsOf({ ...least, resources: [] })).toEqual(['criu.resources must be an object, and is a list']);
});

test('fields that this release does not know are named and left out', () => {
  const resources = { devices: [{ path: '/dev/radio', band: 'fm' }], waves: [] };
  expect(readManifest({ criu: { ...least, resources, later: {} } })).toEqual({
    state: 'valid',
    manifest: { ...least, resources: { devices: [{ path: '/dev/radio' }] } },
    unknown: ['criu.resources.devices[0].band', 'criu.resources.waves', 'criu.later'],
  });
});

test('a long value is not repeated whole, and few problems are said of many', () => {
  const [only, ...others] = problemsOf({ ...least, plugin: `R${'a'.repeat(200)}` });
  expect(others).toEqual([]);
  expect(only?.length).toBeLessThan(160);
  expect(problemsOf({ ...least, hooks: Array(100).fill('x') })).toHaveLength(20);
  const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`field${at}`, 1]));
  const reading = readManifest({ criu: { ...least, ...unknown } });
  expect(reading.state === 'valid' && reading.unknown.length).toBe(20);
});

test('one that is too large, or no JSON, is not read', () => {
  const large = { ...least, later: 'x'.repeat(70_000) };
  expect(problemsOf(large)).toEqual(['criu must not be larger than 65536 bytes']);
  const cycle: Record<string, unknown> = { ...least };
  cycle['self'] = cycle;
  expect(problemsOf(cycle)).toEqual(['criu must not be larger than 65536 bytes']);
});

test('names that objects have from elsewhere are not fields', () => {
  const criu = JSON.parse(
    '{ "plugin": "radio", "apiVersion": 1, "hooks": [], "__proto__": { "tools": 1 }, "constructor": 1 }',
  );
  expect(readManifest({ criu })).toEqual({
    state: 'valid',
    manifest: { plugin: 'radio', apiVersion: 1, hooks: [] },
    unknown: ['criu.__proto__', 'criu.constructor'],
  });
});
