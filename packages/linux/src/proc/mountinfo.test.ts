import { expect, test } from 'vitest';
import { parseMountinfo } from './mountinfo.ts';

test('reads mounts, escaped paths and propagation', () => {
  const text = `22 27 0:21 / /proc rw,relatime - proc proc rw
36 35 98:0 /mnt1 /mnt\\0402\\134x rw,noatime master:1 shared:2 - fuse.sshfs me@host:/a\\040b rw,errors=continue
`;
  expect(parseMountinfo(text)).toEqual([
    {
      id: 22,
      parent: 27,
      major: 0,
      minor: 21,
      root: '/',
      mountPoint: '/proc',
      options: ['rw', 'relatime'],
      propagation: [],
      type: 'proc',
      source: 'proc',
      superOptions: ['rw'],
    },
    {
      id: 36,
      parent: 35,
      major: 98,
      minor: 0,
      root: '/mnt1',
      mountPoint: '/mnt 2\\x',
      options: ['rw', 'noatime'],
      propagation: ['master:1', 'shared:2'],
      type: 'fuse.sshfs',
      source: 'me@host:/a b',
      superOptions: ['rw', 'errors=continue'],
    },
  ]);
});

test('refuses what is no such line', () => {
  expect(() => parseMountinfo('nonsense\n')).toThrowError('not a line of /proc/PID/mountinfo');
});
