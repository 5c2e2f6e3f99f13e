import { CgroupEntrySchema, create } from '@criujs/images';
import { describe, expect, test } from 'vitest';
import { createSets, mistakeIn, movedGroup, newRootOf, placedGroups, topmost } from './groups.ts';

const dir = (dirName: string, ...children: object[]): object => ({ dirName, children, properties: [] });
const entryOf = (entry: object) => create(CgroupEntrySchema, entry as Parameters<typeof create>[1] & object);

test('threads in the same groups are in one set', () => {
  const sets = createSets(1);
  const group = (path: string) => [{ controllers: 'cpu', path }];
  expect([group('/'), group('/a'), group('/'), group('/b')].map(sets.idOf)).toEqual([1, 2, 1, 3]);
  expect(sets.all().map(({ id, groups }) => [id, groups[0]?.path])).toEqual([
    [1, '/'],
    [2, '/a'],
    [3, '/b'],
  ]);
});

test('of groups in each other only the topmost are walked', () => {
  expect(topmost(['/a/b', '/a', '/ab', '/c/d', '/a', '/c/d/e'])).toEqual(['/a', '/ab', '/c/d']);
});

describe('another root', () => {
  const roots = [
    { controller: null, path: '/all' },
    { controller: 'cpu', path: '/cpu' },
  ];

  test('is that of a controller before that of all', () => {
    expect(newRootOf('cpu,cpuacct', roots)).toBe('/cpu');
    expect(newRootOf('memory', roots)).toBe('/all');
    expect(newRootOf('memory', [])).toBeNull();
  });

  test('takes the place of the old one, and of nothing that is named like it', () => {
    expect(movedGroup('/a/b', 'a', '/new')).toBe('/new/b');
    expect(movedGroup('/a', 'a', '/new/')).toBe('/new');
    expect(movedGroup('/a', 'a', '/')).toBe('/');
    expect(movedGroup('/ab', 'a', '/new')).toBeNull();
    expect(movedGroup('/a/b', '', '/new')).toBe('/new/a/b');
  });
});

test('groups of the images have their whole paths, parents first', () => {
  const { controllers } = entryOf({
    controllers: [{ cnames: ['cpu'], dirs: [dir('a/b', dir('c', dir('d')), dir('e'))] }],
  });
  expect(placedGroups(controllers[0]?.dirs ?? []).map(({ path }) => path)).toEqual([
    '/a/b',
    '/a/b/c',
    '/a/b/c/d',
    '/a/b/e',
  ]);
});

describe('what no kernel can have', () => {
  const inDirs = (...dirs: object[]): object => ({ sets: [], controllers: [{ cnames: ['cpu'], dirs }] });
  const deep = Array.from({ length: 70 }).reduce<object>((inner) => dir('a', inner), dir('a'));
  const withProperty = (name: string): object => ({ ...dir('a'), properties: [{ name, value: '' }] });

  test.for([
    ['a way out', inDirs(dir('a', dir('../../etc'))), 'a control group "../../etc"'],
    [
      'a set that leads elsewhere',
      { sets: [{ id: 1, ctls: [{ name: 'cpu', path: '/a/../b' }] }] },
      'a control group "/a/../b"',
    ],
    ['a relative path', { sets: [{ id: 1, ctls: [{ name: 'cpu', path: 'a' }] }] }, 'a control group "a"'],
    ['a property elsewhere', inDirs(withProperty('..')), 'a property ".." of a control group'],
    ['a property below', inDirs(withProperty('a/b')), 'a property "a/b" of a control group'],
    ['no name', { controllers: [{ cnames: [], dirs: [] }] }, 'a hierarchy without a name'],
    ['too deep', inDirs(deep), 'control groups too deep in each other'],
  ] as const)('%s', ([, entry, mistake]) => {
    expect(mistakeIn(entryOf(entry))).toBe(mistake);
  });

  test('nothing of what it has', () => {
    expect(mistakeIn(entryOf(inDirs(dir('a', withProperty('cpu.shares')))))).toBeNull();
  });
});
