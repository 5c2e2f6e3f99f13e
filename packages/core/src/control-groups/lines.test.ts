import type { Mount } from '@criujs/linux';
import { expect, test } from 'vitest';
import { directoryOf, parseControlGroups } from './lines.ts';

const mount = (type: string, root: string, mountPoint: string, superOptions: readonly string[]): Mount => ({
  id: 1,
  parent: 1,
  major: 0,
  minor: 1,
  root,
  mountPoint,
  options: [],
  propagation: [],
  type,
  source: type,
  superOptions,
});

const mounts = [
  mount('tmpfs', '/', '/sys/fs/cgroup', ['rw']),
  mount('cgroup', '/', '/sys/fs/cgroup/cpu', ['rw', 'cpu', 'cpuacct']),
  mount('cgroup', '/', '/sys/fs/cgroup/systemd', ['rw', 'name=systemd']),
  mount('cgroup2', '/user.slice', '/sys/fs/cgroup/unified', ['rw']),
];

test('groups are read with colons in their paths, and without controllers', () => {
  expect(parseControlGroups('9:name=systemd:/a:b\n4:cpu,cpuacct:/\n0::/user.slice/x.scope\n')).toEqual([
    { controllers: 'name=systemd', path: '/a:b' },
    { controllers: 'cpu,cpuacct', path: '/' },
    { controllers: '', path: '/user.slice/x.scope' },
  ]);
});

test.each([
  ['cpu,cpuacct', '/a', '/sys/fs/cgroup/cpu/a'],
  ['cpuacct,cpu', '/', '/sys/fs/cgroup/cpu/'],
  ['name=systemd', '/a/b', '/sys/fs/cgroup/systemd/a/b'],
  // What is mounted is a part of the hierarchy.
  ['', '/user.slice/x.scope', '/sys/fs/cgroup/unified/x.scope'],
  ['', '/user.slice', '/sys/fs/cgroup/unified'],
  ['', '/user.slices/x', null],
  ['memory', '/a', null],
  // Outside of the control group namespace, and a way out of the hierarchy.
  ['cpu,cpuacct', '/../a', null],
  ['cpu,cpuacct', '/a/../../../../tmp', null],
  ['cpu,cpuacct', 'a', null],
])('%s:%s is mounted at %s', (controllers, path, directory) => {
  expect(directoryOf({ controllers, path }, mounts)).toBe(directory);
});
