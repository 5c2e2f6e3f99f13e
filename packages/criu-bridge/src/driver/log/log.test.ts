import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorOf, findCause } from './cause.ts';
import { parseLine } from './lines.ts';

describe('a line', () => {
  test.each([
    [
      "(00.025018) Error (criu/files-reg.c:1790): Can't lookup mount=21 for fd=3 path=/x",
      { level: 'error', pid: null, source: 'criu/files-reg.c:1790', message: "Can't lookup mount=21 for fd=3 path=/x" },
    ],
    [
      '(00.020344)   1852: Error (criu/tty.c:1): tty: no',
      { level: 'error', pid: 1852, source: 'criu/tty.c:1', message: 'tty: no' },
    ],
    [
      'pie: 1055: Error (criu/pie/parasite.c:588): send_fds failed (-22)',
      { level: 'error', pid: 1055, source: 'criu/pie/parasite.c:588', message: 'send_fds failed (-22)' },
    ],
    [
      '(00.01) Warn  (criu/seize.c:63): no comm',
      { level: 'warn', pid: null, source: 'criu/seize.c:63', message: 'no comm' },
    ],
    [
      '(00.140257)      1: Error (criujs): RESTORE_EXT_MOUNT: no',
      { level: 'error', pid: 1, source: 'criujs', message: 'RESTORE_EXT_MOUNT: no' },
    ],
    ['(00.027426) net: Lock network', { level: 'info', pid: null, source: null, message: 'net: Lock network' }],
    ['something else', { level: 'info', pid: null, source: null, message: 'something else' }],
    ['', { level: 'info', pid: null, source: null, message: '' }],
  ])('%s', (text, line) => {
    expect(parseLine(text)).toEqual(line);
  });
});

const head = [
  '(00.000001) Dumping processes (pid: 40 comm: sh)',
  "(00.000002) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
  '(00.030182) Dumping task (pid: 41 comm: worker)',
];
const tail = [
  '(00.034454) Error (criu/cr-dump.c:1681): Dump files (pid: 41) failed with -1',
  '(00.045102) Error (criu/cr-dump.c:2111): Dumping FAILED.',
];
const logOf = (...lines: string[]): string =>
  [...head, ...lines.map((it) => `(00.03) Error (criu/x.c:1): ${it}`), ...tail].join('\n');

describe('why a dump failed', () => {
  test.each([
    ["Can't dump file 3 of that type [20600] (chr 10:229)", 'descriptor 3: character device 10:229', 'DUMP_EXT_FILE'],
    ["Can't dump file 9 of that type [60600] (blk 7:0)", 'descriptor 9: block device 7:0', 'DUMP_EXT_FILE'],
    [
      "Can't dump file 5 of that type [600] (unk /dev/zero)",
      'descriptor 5: a file that CRIU calls unk /dev/zero',
      '--plugin',
    ],
    ['unix: External socket is used. Consider using --ext-unix-sk option.', 'a unix socket', 'DUMP_UNIX_SK'],
    ['inet: In-flight connection (l) for 15c04', 'a listening TCP socket', 'tcp-skip-in-flight'],
    [
      'Some file locks are hold by dumping tasks! You can try --file-locks to dump them.',
      'a locked file',
      'file-locks',
    ],
    ["Can't dump ghost file /tmp/x of 4001792 size, increase limit", '/tmp/x (deleted, 4001792 bytes)', 'ghost-limit'],
    ["Can't lookup mount=21 for fd=3 path=/x", 'descriptor 3: /x', 'close it'],
    [
      "Can't handle non-regular mapping on 41's map 7f0e963be000",
      'the memory map at 7f0e963be000',
      'HANDLE_DEVICE_VMA',
    ],
  ])('%s', (line, resource, remedy) => {
    const cause = findCause(logOf(line));
    expect(cause).toMatchObject({ code: 'UNSUPPORTED', resource, task: { pid: 41, command: 'worker' } });
    const error = errorOf(cause as NonNullable<typeof cause>, 'dump 40', '/images/dump.log');
    expect(error).toMatchObject({ code: 'UNSUPPORTED', pid: 41 });
    expect(error.refusals).toEqual([
      { pid: 41, command: 'worker', resource, why: expect.any(String), remedy: expect.stringContaining(remedy) },
    ]);
    expect(error.message).toContain(`41 (worker) ${resource}: `);
  });

  test('what is not in the table is quoted, with the process, and nothing that only follows from it', () => {
    const cause = findCause(logOf("Can't retrieve FDs from socket", 'Message reply from daemon is trimmed (12/0)'));
    const error = errorOf(cause as NonNullable<typeof cause>, 'dump 40', '/images/dump.log');
    expect(error).toMatchObject({
      code: 'CRIU_FAILED',
      pid: 41,
      message:
        "CRIU cannot dump 40: it failed at process 41 (worker): Can't retrieve FDs from socket; Message reply from daemon is trimmed (12/0)",
      remedy: 'Look into its log, /images/dump.log.',
    });
  });

  test('the cause counts, wherever it stands', () => {
    expect(findCause(logOf('Unknown trouble', 'write: No space left on device'))).toMatchObject({
      code: 'IMAGES_FULL',
    });
  });

  test('what CRIU says past its log counts as well, after it', () => {
    const said = 'CRIU needs to have the CAP_SYS_ADMIN or the CAP_CHECKPOINT_RESTORE capability:\nsetcap it';
    expect(findCause('', said)).toMatchObject({ code: 'NOT_PERMITTED', remedy: expect.stringContaining('as root') });
    expect(findCause(logOf('Timeout reached'), 'anything')).toMatchObject({ code: 'CRIU_FAILED' });
  });

  test('a log that does not say', () => {
    expect(findCause([...head, ...tail].join('\n'))).toBe(null);
    expect(findCause('')).toBe(null);
  });
});

describe('why a restore failed', () => {
  test.each([
    ['Pid 41 do not match expected 40', 'PID_TAKEN'],
    [
      "(00.1)     41: Error (criu/files-reg.c:2): Can't open file usr/bin/gone on restore: No such file or directory",
      'FILE_MISSING',
    ],
    ['File usr/bin/sleep has bad size 1 (expect 2)', 'FILE_CHANGED'],
    ["Magic doesn't match for inventory.img", 'IMAGE_INVALID'],
  ])('%s', (line, code) => {
    const text = line.startsWith('(') ? line : `(00.1)     41: Error (criu/x.c:1): ${line}`;
    expect(findCause(text)).toMatchObject({ code, task: { pid: 41, command: null } });
  });
});

test('whatever a log holds, it is read', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...head, ...tail))), (lines) => {
      const cause = findCause(lines.join('\n'));
      if (cause !== null) expect(errorOf(cause, 'dump 1', 'log').message).not.toBe('');
    }),
  );
});

test('a plugin that says it has mounted something and has not is to blame, not CRIU', () => {
  const log = [
    '(00.140257)      1: Error (criujs): RESTORE_EXT_MOUNT: plugin mounter says that /tmp/x/mnt-87 is mounted, and it is not',
    "(00.140274)      1: Error (criu/mount.c:2346): mnt: Can't restore ext mount (-22)",
  ].join('\n');
  const cause = findCause(log);
  expect(cause).toMatchObject({ code: 'PLUGIN_FAILED', remedy: expect.stringContaining('--native-plugin') });
  expect(cause?.lines).toEqual(['RESTORE_EXT_MOUNT: plugin mounter says that /tmp/x/mnt-87 is mounted, and it is not']);
});
