import { expect, test } from 'vitest';
import { parseFdinfo } from './fdinfo.ts';

test('reads a regular file with a lock', () => {
  const text =
    'pos:\t9007199254740993\nflags:\t02100001\nmnt_id:\t27\nino:\t2154628\nlock:\t1: FLOCK  ADVISORY  WRITE 30042 fe:00:2154628 0 EOF\n';
  expect(parseFdinfo(text)).toMatchObject({
    position: 9007199254740993n,
    flags: 0o2100001,
    mountId: 27,
    inode: 2154628,
    locks: ['1: FLOCK  ADVISORY  WRITE 30042 fe:00:2154628 0 EOF'],
  });
});

test('reads an eventfd, whose counter is hexadecimal', () => {
  const text =
    'pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t1038\neventfd-count:               ff\neventfd-id: 1\neventfd-semaphore: 1\n';
  const fdinfo = parseFdinfo(text);
  expect(fdinfo).toMatchObject({ eventfdCount: 255n, eventfdSemaphore: true });
  expect(fdinfo.fields.get('eventfd-id')).toBe('1');
});

test('reads what an epoll watches, one descriptor more than once too', () => {
  const text = `pos:\t0
flags:\t02000002
mnt_id:\t17
ino:\t1038
tfd:        4 events: 80000019 data:                4  pos:0 ino:ffc9 sdev:f
tfd:       12 events:       1d data: ffffffffffffffff  pos:-1 ino:1 sdev:800001
tfd:       12 events: 40000001 data:                0
`;
  expect(parseFdinfo(text).epoll).toEqual([
    { fd: 4, events: 0x80000019, data: 4n, position: 0n, inode: 0xffc9, device: 0xf },
    { fd: 12, events: 0x1d, data: 2n ** 64n - 1n, position: -1n, inode: 1, device: 0x800001 },
    { fd: 12, events: 0x40000001, data: 0n, position: 0n, inode: 0, device: 0 },
  ]);
});

test('reads watches of inotify and marks of fanotify', () => {
  const text = `pos:\t0
flags:\t04000
inotify wd:3 ino:9e7e sdev:800013 mask:800afce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:7e9e0000640d1b6d
fanotify flags:10 event-flags:8000
fanotify mnt_id:1c mflags:40 mask:38 ignored_mask:40000003
`;
  const [wd, group, mount, ...others] = parseFdinfo(text).watches;
  expect(others).toEqual([]);
  expect([...(wd ?? [])]).toEqual([
    ['wd', '3'],
    ['ino', '9e7e'],
    ['sdev', '800013'],
    ['mask', '800afce'],
    ['ignored_mask', '0'],
    ['fhandle-bytes', '8'],
    ['fhandle-type', '1'],
    ['f_handle', '7e9e0000640d1b6d'],
  ]);
  expect([group?.get('event-flags'), mount?.get('mnt_id')]).toEqual(['8000', '1c']);
});

test('what is not there is left out', () => {
  const fdinfo = parseFdinfo('pos:\t0\nflags:\t0100000\nmnt_id:\t9\n');
  expect(fdinfo).toMatchObject({ inode: 0, locks: [], watches: [] });
  expect(fdinfo).not.toHaveProperty('epoll');
  expect(fdinfo).not.toHaveProperty('eventfdCount');
});

test('counts what waits in a ring of io_uring', () => {
  const idle =
    'SqMask:\t0xff\nSqThread:\t-1\nUserFiles:\t1\n    0: /tmp/op=1\nPollList:\nCqOverflowList:\nNAPI:\tdisabled\n';
  expect(parseFdinfo(idle)).not.toHaveProperty('ringOperations');
  expect(parseFdinfo(idle).fields.get('SqMask')).toBe('0xff');
  const busy = idle
    .replace('PollList:\n', 'PollList:\n  op=6, task_works=0\n')
    .replace('CqOverflowList:\n', 'CqOverflowList:\n  user_data=9, res=0, flags=0\n');
  expect(parseFdinfo(busy).ringOperations).toBe(2);
});
