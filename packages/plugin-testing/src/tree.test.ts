import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { devNull } from 'node:os';
import { expect, test } from 'vitest';
import { pretendTree } from './index.ts';

test('a tree by default is one process', async () => {
  await using tree = await pretendTree();
  expect(tree).toMatchObject({ processes: [{ pid: 4242, command: 'pretend' }], files: [], sockets: [], mounts: [] });
});

test('files have real descriptors, and pretend device numbers', async () => {
  await using tree = await pretendTree({
    files: [
      {},
      { kind: 'block', rdev: { major: 8, minor: 1 }, content: 'disk' },
      { kind: 'directory' },
      { kind: 'fifo' },
      { kind: 'anonymous', path: 'anon_inode:[eventfd]' },
      { content: 'hello world', position: 6, flags: 0 },
      { content: 'x', position: 5, flags: 1 },
      { open: () => openSync(devNull, 'r'), path: '/dev/fuse' },
    ],
  });
  const look = tree.files.map((it) => {
    const fd = it.open();
    const stat = fstatSync(fd);
    closeSync(fd);
    return stat;
  });
  expect(tree.files.map((it) => it.file.rdev?.major ?? null)).toEqual([240, 8, null, null, null, null, null, 240]);
  expect(look[1]?.size).toBe(4);
  if (process.platform !== 'win32') {
    expect(look[0]?.isCharacterDevice()).toBe(true);
    expect(look[2]?.isDirectory()).toBe(true);
    expect(look[3]?.isFIFO()).toBe(true);
  }
  expect(tree.files.map((it) => it.file.path)).toEqual([
    devNull,
    ...[1, 2, 3].map((at) => tree.files[at]?.standIn),
    'anon_inode:[eventfd]',
    ...[5, 6].map((at) => tree.files[at]?.standIn),
    '/dev/fuse',
  ]);
  expect(tree.files.map((it) => it.file.holders[0]?.fd)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);

  const fd = tree.files[5]?.open() ?? -1;
  const bytes = Buffer.alloc(16);
  expect(bytes.toString('latin1', 0, readSync(fd, bytes))).toBe('world');
  closeSync(fd);
});

test('a socket leads to a living service, which talks', async () => {
  await using tree = await pretendTree({ sockets: [{ serve: (it) => void it.end('welcome') }] });
  const path = tree.sockets[0]?.socket.peerName ?? '';
  const heard: Buffer[] = [];
  const socket = new Socket().on('data', (it) => void heard.push(it));
  await new Promise((resolve) => socket.on('close', resolve).connect(path));
  expect(Buffer.concat(heard).toString()).toBe('welcome');
  expect(tree.sockets[0]?.service.connections()).toBe(1);

  const own = await tree.sockets[0]?.service.connect();
  if (own?.fd != null && process.platform !== 'win32') expect(fstatSync(own.fd).isSocket()).toBe(true);
  await own?.close();
  expect(tree.sockets[0]?.service.connections()).toBe(1);
});

test('closing takes everything away, once', async () => {
  await using tree = await pretendTree({ files: [{ content: 'x' }], sockets: [{}] });
  const path = tree.sockets[0]?.service.path ?? '';
  expect(existsSync(tree.folder)).toBe(true);
  await tree.close();
  await tree.close();
  expect(existsSync(tree.folder)).toBe(false);
  const refused = new Promise((_resolve, reject) => new Socket().on('error', reject).connect(path));
  await expect(refused).rejects.toThrow();
});

test.each([
  [
    'a stranger holds a file',
    { files: [{ holders: [{ pid: 1, fd: 3 }] }] },
    /process 1 holds a file and is not in the tree/,
  ],
  [
    'one number twice',
    { files: [{ holders: [{ pid: 4242, fd: 3 }] }, { holders: [{ pid: 4242, fd: 3 }] }] },
    /holds two files/,
  ],
  ['one process twice', { processes: [{ pid: 5 }, { pid: 5 }] }, /process 5 is in the tree twice/],
  ['a stranger maps a device', { maps: [{ pid: 7 }] }, /process 7 maps/],
  ['one inode twice', { sockets: [{ inode: 9 }, { inode: 9 }] }, /socket 9 is in the tree twice/],
  [
    'one mount twice',
    {
      mounts: [
        { id: 3, mountpoint: '/a' },
        { id: 3, mountpoint: '/b' },
      ],
    },
    /mount 3 is in the tree twice/,
  ],
])('%s: that is no tree', async (_what, options, said) => {
  await expect(pretendTree(options)).rejects.toMatchObject({ code: 'BAD_TREE', message: expect.stringMatching(said) });
});

test('no pid is 0', async () => {
  await expect(pretendTree({ processes: [{ pid: 0 }] })).rejects.toThrow(RangeError);
});
