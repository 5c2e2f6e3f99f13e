import { expect, test } from 'vitest';
import { badgeOf } from './badge.ts';
import { shownAfter } from './pretend.ts';

test('a plugin is shown what its manifest names', () => {
  const devices = [{ path: '/dev/tape*', major: 9, minor: { from: 3, to: 7 } }, { path: '/dev/radio' }];
  const resources = {
    devices,
    files: ['anon_inode:[tape]'],
    sockets: ['@tape', '/run/**/tape'],
    mounts: ['/mnt/*'],
    links: ['wireguard'],
  };
  expect(shownAfter({ hooks: ['DUMP_EXT_FILE'], resources })).toEqual({
    tree: {
      files: [
        { kind: 'character', rdev: { major: 9, minor: 3 } },
        { kind: 'character', path: '/dev/radio' },
        { kind: 'unknown', path: 'anon_inode:[tape]', rdev: null },
      ],
      sockets: [{ peerName: '\0tape' }, { peerName: '/run/0/tape' }],
      mounts: [{ mountpoint: '/mnt/0' }],
      links: [{ kind: 'wireguard' }],
      maps: [],
    },
    paths: ['/dev/radio', '/run/0/tape', '/mnt/0'],
  });
  const mapped = shownAfter({ hooks: ['HANDLE_DEVICE_VMA'], resources: { devices } });
  expect(mapped?.tree).toMatchObject({ files: [], maps: [{ rdev: { major: 9, minor: 3 } }, { path: '/dev/radio' }] });
});

test('a little of everything, where it names nothing', () => {
  expect(shownAfter({ hooks: ['DUMP_EXT_FILE'] })).toBeUndefined();
  expect(shownAfter({ hooks: ['DUMP_EXT_FILE'], resources: { devices: [] } })).toBeUndefined();
});

test('a badge says version, result and day', () => {
  const date = new Date('2026-02-03T23:00:00Z');
  const passed = { name: 'load', status: 'passed' } as const;
  const skipped = { name: 'exit', status: 'skipped' } as const;
  expect(badgeOf({ name: '@us/gpu', version: '1.0.0-rc.1' }, [passed, skipped], date)).toBe(
    '[![criujs plugin check: 1.0.0-rc.1, 1 of 2 passed, 2026-02-03]' +
      '(https://img.shields.io/badge/criujs_plugin_check-1.0.0--rc.1%2C_1_of_2_passed%2C_2026--02--03-brightgreen)]' +
      '(https://www.npmjs.com/package/@us/gpu)',
  );
  const failed = { name: 'load', status: 'failed' } as const;
  expect(badgeOf({ name: 'gpu', version: null }, [failed, passed], date)).toContain(
    'no_version%2C_1_failed%2C_2026--02--03-red',
  );
});
