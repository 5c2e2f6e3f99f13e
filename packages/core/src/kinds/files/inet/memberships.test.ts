import { expect, test } from 'vitest';
import { createMemberships, parseIgmp, parseIgmp6 } from './memberships.ts';

const igmp = `Idx	Device    : Count Querier	Group    Users Timer	Reporter
1	lo        :     2      V3
				020117EF     1 0:00000000		0
				010000E0     1 0:00000000		0
2	eth0      :     1      V3
				010000E0     1 0:00000000		0
`;

test('groups of a namespace are read from both lists', () => {
  expect(parseIgmp(igmp)).toEqual([
    { device: 1, group: Uint8Array.from([239, 23, 1, 2]) },
    { device: 1, group: Uint8Array.from([224, 0, 0, 1]) },
    { device: 2, group: Uint8Array.from([224, 0, 0, 1]) },
  ]);
  expect(parseIgmp6('1    lo              ff0200000000000000000000000000fb     1 0000000C 0\nnonsense\n')).toEqual([
    { device: 1, group: Uint8Array.from([0xff, 2, ...Array(13).fill(0), 0xfb]) },
  ]);
  expect([...parseIgmp(''), ...parseIgmp6('')]).toEqual([]);
});

test('groups that are none are not taken from images', () => {
  const session = { warn: () => undefined } as never;
  const load = (group: string, ...sources: string[]) =>
    createMemberships({
      session,
      records: { memberships: [{ id: 1, group, device: 'lo', mode: 'include', sources }] } as never,
    });
  expect(() => load('ef010203', '0a000001')).not.toThrow();
  for (const [group, ...sources] of [['ef01'], [''], ['ef010203', '0a'], ['ef010203', '00'.repeat(16)]])
    expect(() => load(group ?? '', ...sources)).toThrowError(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});
