import { expect, test } from 'vitest';
import { parseSystemV, readSystemV } from './system-v.ts';

test('reads segments, with marks in their mode and columns of newer kernels', () => {
  const text = `       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
 305419896      32769  1640               1048576  4711  4712      2     0     0  1000  1000 1700000001 1700000002 1700000003                  4096                     0
`;
  expect(parseSystemV('shm', text)).toEqual([
    {
      ...{ key: 0x12345678, id: 32769, mode: 0o1640, size: 1 << 20, creator: 4711, last: 4712, attached: 2 },
      ...{ uid: 0, gid: 0, cuid: 1000, cgid: 1000, atime: 1700000001, dtime: 1700000002, ctime: 1700000003 },
    },
  ]);
});

test('reads sets and queues, with keys above 2^31', () => {
  const sets = `       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
-559038737          3   600         17     1     2     3     4          0 1700000000
`;
  expect(parseSystemV('sem', sets)).toEqual([
    {
      ...{ key: -559038737, id: 3, mode: 0o600, count: 17, uid: 1, gid: 2, cuid: 3, cgid: 4 },
      ...{ otime: 0, ctime: 1700000000 },
    },
  ]);
  const queues = `       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime
         0          0   666        1024          2   300   301     0     0     0     0 1700000001          0 1700000000
`;
  expect(parseSystemV('msg', queues)).toMatchObject([
    { bytes: 1024, count: 2, sender: 300, receiver: 301, mode: 0o666 },
  ]);
});

test('reads what the kernel has', () => {
  for (const sort of ['shm', 'sem', 'msg'] as const)
    for (const object of readSystemV(sort)) for (const value of Object.values(object)) expect(value).not.toBeNaN();
  expect(parseSystemV('sem', 'only a heading\n')).toEqual([]);
});
