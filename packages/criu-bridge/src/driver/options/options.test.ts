import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { CriuOptsSchema } from '@criujs/images';
import { describe, expect, test } from 'vitest';
import type { Release } from '../releases.ts';
import { encodeOptions } from './encode.ts';
import { findOption, options } from './names.ts';
import { parseCriuOptions } from './parse.ts';
import { optionTable } from './table.ts';

const release: Release = { version: '4.1.1', gitId: null };
const how = { release, cwd: '/', firstInherited: 4 };

test('every field of the schema has its row, and every row a field', () => {
  const keys = CriuOptsSchema.fields.map(({ localName }) => localName);
  expect(keys.toSorted()).toEqual(Object.keys(optionTable).toSorted());
  expect(options).toHaveLength(70);
});

test("every option is found by the guessable name, by CRIU's own and by that with dashes; no two share one", () => {
  const seen = new Map<string, string>();
  for (const { key, row, field } of options) {
    for (const name of [row.name, field.name, field.name.replaceAll('_', '-'), field.name.toUpperCase()]) {
      if (row.instead === undefined) expect(findOption(name).key).toBe(key);
      else expect(() => findOption(name)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', remedy: row.instead }));
      const plain = name.replaceAll(/[-_]/g, '').toLowerCase();
      expect(seen.get(plain) ?? key).toBe(key);
      seen.set(plain, key);
    }
  }
});

test('a name that is none', () => {
  expect(() => findOption('tcp-estabished')).toThrow(
    expect.objectContaining({
      code: 'BAD_OPTION',
      remedy: 'The options are tcpEstablished, tcpSkipInFlight, tcpClose.',
    }),
  );
  expect(() => findOption('')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
});

describe('on a command line', () => {
  test.each<[string[], object]>([
    [['tcp-established'], { tcpEstablished: true }],
    [['shell_job=false'], { shellJob: false }],
    [['ghost-limit=1048576'], { ghostLimit: 1048576 }],
    [['log_level=4', 'log_file=x.log'], { logLevel: 4, logFile: 'x.log' }],
    [['external=mnt[/a]:b', 'external=dev[1/2]:c'], { external: ['mnt[/a]:b', 'dev[1/2]:c'] }],
    [['external-mounts=/data:/srv/a:b'], { extMnt: [{ key: '/data', val: '/srv/a:b' }] }],
    [['inherit_fd=pipe:[123]:5'], { inheritFd: [{ key: 'pipe:[123]', fd: 5 }] }],
    [['cg_root=cpu:/a'], { cgRoot: [{ ctrl: 'cpu', path: '/a' }] }],
    [['cg_root={"path":"/a"}'], { cgRoot: [{ path: '/a' }] }],
    [['join-namespaces=net:/proc/1/ns/net'], { joinNs: [{ ns: 'net', nsFile: '/proc/1/ns/net' }] }],
    [['ps=10.0.0.1:9000'], { ps: { address: '10.0.0.1', port: 9000 } }],
    [['externalUnixSocketInodes=77'], { unixSkIno: [{ inode: 77 }] }],
    [['manage-cgroups-mode=soft'], { manageCgroupsMode: 3 }],
    [['network_lock=nftables'], { networkLock: 2 }],
    [['pre-dump-mode=vm-read'], { preDumpMode: 2 }],
    [['work-directory=logs'], { workDirFd: 'logs' }],
  ])('%j', (texts, values) => {
    expect(parseCriuOptions(texts)).toEqual(values);
  });

  test.each([
    ['ghost-limit', 'it needs a value'],
    ['ghost-limit=much', '"much" is not a whole number'],
    ['shell-job=maybe', '"maybe" is neither true nor false'],
    ['network-lock=iron', 'there is no "iron"'],
    ['external-mounts=/data', 'val is missing'],
    ['cg-root={"pat":"/a"}', 'it has no part pat'],
    ['cg-root={', 'is not JSON'],
    ['pid=5', 'is set by the engine itself'],
  ])('%s: %s', (text, why) => {
    expect(() => parseCriuOptions([text])).toThrow(
      expect.objectContaining({
        code: 'BAD_OPTION',
        message: expect.stringContaining(why),
        remedy: expect.any(String),
      }),
    );
  });
});

describe('in a request', () => {
  test('guessable names become fields; what is undefined is left out', () => {
    const { opts, inherited } = encodeOptions({ tcpEstablished: true, externalMounts: [], root: undefined }, how);
    expect(opts).toEqual({ tcpEstablished: true, extMnt: [] });
    expect(inherited).toEqual([]);
  });

  test('descriptors that CRIU inherits get its numbers', () => {
    const { opts, inherited } = encodeOptions(
      {
        inheritFd: [
          { key: 'a', fd: 20 },
          { key: 'b', fd: 31 },
        ],
        pageServer: { address: 'here', port: 1 },
      },
      how,
    );
    expect(opts).toEqual({
      inheritFd: [
        { key: 'a', fd: 4 },
        { key: 'b', fd: 5 },
      ],
      ps: { address: 'here', port: 1 },
    });
    expect(inherited).toEqual([20, 31]);
  });

  test('a directory is opened, and closed again', () => {
    const directory = mkdtempSync('/tmp/criujs-options-');
    const { opts, close } = encodeOptions({ workDirectory: directory }, how);
    expect(opts.workDirFd).toBeGreaterThan(2);
    close();
    rmdirSync(directory);
    expect(() => encodeOptions({ workDirectory: directory }, how)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
  });

  test('a value of another type is refused', () => {
    for (const options of [
      { shellJob: 'yes' },
      { ghostLimit: -1 },
      { external: 'mnt[/a]:b' },
      { extMnt: [{ key: 5 }] },
    ]) {
      expect(() => encodeOptions(options as never, how)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    }
  });

  test('what a release would ignore is refused', () => {
    const old = { ...how, release: { version: '3.18', gitId: null } };
    expect(encodeOptions({ skipFileModeCheck: true }, old).opts).toEqual({ skipFileRwxCheck: true });
    expect(() => encodeOptions({ leaveStopped: true }, old)).toThrow(
      expect.objectContaining({ code: 'CRIU_TOO_OLD', message: expect.stringContaining('it came with 3.19') }),
    );
  });
});

test('the README lists every option by both of its names', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const listed = [...readme.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, name, criu]) => [name, criu]);
  expect(listed).toEqual(options.map(({ row, field }) => [row.name, field.name]));
});
