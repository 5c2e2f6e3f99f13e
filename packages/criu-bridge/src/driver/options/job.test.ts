import { optionRows, readOptions } from '@criujs/engine-kit';
import { CriuNetworkLockMethod } from '@criujs/images';
import { expect, test } from 'vitest';
import { jobOptions, withJobLists } from './job.ts';
import { findOption } from './names.ts';

const dump = readOptions('dump', {});
const restore = readOptions('restore', {});

test('CRIU is told what is switched on, and sizes in its 32 bits', () => {
  expect(jobOptions('dump', dump)).toEqual({ ghostLimit: 1 << 20 });
  expect(jobOptions('dump', { ...dump, extUnixSk: true, ghostLimit: 2 ** 40 })).toEqual({
    ghostLimit: 2 ** 32 - 1,
    extUnixSk: true,
  });
  const job = { ...restore, shellJob: true, inheritFd: [{ fd: 5, key: 'a' }], newPids: true, allowGrownFiles: true };
  expect(jobOptions('restore', job)).toEqual({ shellJob: true });
  expect(jobOptions('dump', { ...dump, networkLock: 'skip', skipInFlight: true })).toMatchObject({
    networkLock: CriuNetworkLockMethod.SKIP,
    tcpSkipInFlight: true,
  });
});

test('CRIU is told what becomes of control groups', () => {
  const roots = [
    { controller: null, path: '/a' },
    { controller: 'cpu', path: '/b' },
  ];
  const job = { ...dump, manageCgroups: 'none', cgroupRoot: roots, cgroupYard: '/yard' } as const;
  expect(jobOptions('dump', job)).toEqual({
    ...{ ghostLimit: 1 << 20, manageCgroupsMode: 1, cgroupYard: '/yard' },
    cgRoot: [{ path: '/a' }, { ctrl: 'cpu', path: '/b' }],
  });
});

test('lists come behind those that the user has for CRIU, by whichever name', () => {
  const job = { ...dump, external: ['mnt[/b]:b'] };
  expect(withJobLists('dump', { options: { external: ['mnt[/a]:a'] } }, job)).toEqual({
    options: { external: ['mnt[/a]:a', 'mnt[/b]:b'] },
  });
  const inherited = { ...restore, inheritFd: [{ fd: 5, key: 'a' }] };
  expect(withJobLists('restore', { options: { inheritDescriptors: [{ fd: 4, key: 'b' }] } }, inherited)).toEqual({
    options: {
      inheritFd: [
        { fd: 4, key: 'b' },
        { fd: 5, key: 'a' },
      ],
    },
  });
  expect(withJobLists('dump', {}, dump)).toEqual({});
});

test('CRIU’s request has each field that the table names', () => {
  const fields = [...optionRows('dump'), ...optionRows('restore')].flatMap(({ rpc }) => rpc ?? []);
  expect(fields.map((field) => findOption(field).key)).toEqual(fields);
});
