import { describe, expect, test } from 'vitest';
import { mistakeIn, pickOptions, readOptions } from './read.ts';
import { optionRows } from './table.ts';

const refused = (code: string, words: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(words), remedy: expect.any(String) });

test('what nobody gives is what is safe', () => {
  const groups = { manageCgroups: undefined, cgroupRoot: [], cgroupYard: null };
  expect(readOptions('dump', {})).toEqual({
    ghostLimit: 1 << 20,
    linkRemap: false,
    fileLocks: false,
    shellJob: false,
    extUnixSk: false,
    tcpEstablished: false,
    tcpClose: false,
    skipInFlight: false,
    networkLock: undefined,
    external: [],
    ...groups,
  });
  expect(readOptions('restore', { fileLocks: undefined })).toEqual({
    fileLocks: false,
    shellJob: false,
    extUnixSk: false,
    tcpEstablished: false,
    tcpClose: false,
    inheritFd: [],
    ...groups,
    newPids: false,
    allowClockBehind: false,
    allowGrownFiles: false,
  });
});

test('what is given is taken, in the form of CRIU', () => {
  const given = { ghostLimit: 0, shellJob: true, external: ['pipe:[7]', 'file[1:2]'] };
  expect(readOptions('dump', given)).toMatchObject({
    ghostLimit: 0,
    shellJob: true,
    external: ['pipe[7]', 'file[1:2]'],
  });
  expect(readOptions('restore', { inheritFd: [{ fd: 0, key: '/var/log/a' }] }).inheritFd).toEqual([
    { fd: 0, key: 'var/log/a' },
  ]);
});

describe('what no option can be', () => {
  test.each([
    ['linkRemap', 'yes', /^linkRemap is not true or false$/],
    ['ghostLimit', -1, /^ghostLimit is not a number of bytes, 0 or more$/],
    ['ghostLimit', 1.5, /^ghostLimit is not/],
    ['networkLock', 'nft', /^networkLock is not one of iptables, nftables, skip$/],
    ['external', 'pipe[7]', /^external is not an array of names$/],
    ['external', ['pipe'], /names no external resource$/],
  ])('%s: %j', (name, value, words) => {
    expect(() => readOptions('dump', { [name]: value })).toThrow(refused('BAD_OPTION', words));
  });

  test.each([[[{ fd: '5', key: 'a' }]], [[null]], [{ fd: 5, key: 'a' }]])('inheritFd: %j', (value) => {
    expect(() => readOptions('restore', { inheritFd: value as never })).toThrow(
      refused('BAD_OPTION', /^inheritFd is not an array of \{ fd, key \}$/),
    );
  });
});

test('options of a stage are picked from all else', () => {
  const job = { ...readOptions('dump', { linkRemap: true }), pid: 4, signal: null };
  expect(pickOptions('dump', job)).toEqual(readOptions('dump', { linkRemap: true }));
});

test('every option has words for each stage that takes it, one flag of its own and a value that fits', () => {
  const rows = [...optionRows('dump'), ...optionRows('restore')];
  const defaults: Readonly<Record<string, unknown>> = { ...readOptions('dump', {}), ...readOptions('restore', {}) };
  const byFlag = new Map(rows.flatMap(({ flag, letter, name }) => [flag, letter ?? flag].map((it) => [it, name])));
  for (const row of rows) {
    expect(byFlag.get(row.flag)).toBe(row.name);
    expect(row.flag).toBe(`--${row.name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    expect(row.argument === undefined, row.name).toBe(row.kind === 'switch');
    const value = defaults[row.name] ?? Object.keys(row.choices ?? {})[0] ?? null;
    expect(mistakeIn(row, value)).toBeNull();
  }
});

test('ways and roots of control groups are checked', () => {
  const given = { manageCgroups: 'full', cgroupRoot: [{ controller: null, path: '/a' }], cgroupYard: '/yard' } as const;
  expect(readOptions('restore', given)).toMatchObject(given);
  const wrong = [
    ...[{ manageCgroups: 'some' }, { cgroupRoot: [{ controller: 'cpu', path: 'a' }] }, { cgroupYard: '' }],
    { cgroupRoot: [{ controller: null, path: '/a/../b' }] },
  ];
  for (const it of wrong)
    expect(() => readOptions('restore', it as object)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
});
