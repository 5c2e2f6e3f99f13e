import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arena } from './arena.ts';
import { closeFd, memfd, openPath } from './descriptors/own.ts';
import { errno } from './errors.ts';
import { syscall, trySyscall } from './syscall.ts';

const onLinux = test.runIf(process.platform === 'linux' && process.arch === 'x64');

onLinux('a call answers what the kernel answers', () => {
  expect(syscall('getpid')).toBe(process.pid);
});

onLinux('a refused call throws the error with its name, or answers it negated', () => {
  expect(() => syscall('close', -1)).toThrowError(expect.objectContaining({ code: 'EBADF', call: 'close' }));
  expect(trySyscall('close', -1)).toBe(-errno.EBADF);
});

onLinux('an argument that is no 64-bit integer is refused, not rounded', () => {
  const wrong: unknown[] = [1.5, Number.NaN, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n, '1', null];
  for (const value of wrong) {
    expect(() => trySyscall('close', value as number)).toThrowError(RangeError);
  }
});

onLinux('the ends of the 64-bit range pass', () => {
  const fd = memfd('ends', new Uint8Array(0));
  try {
    const SEEK_SET = 0;
    for (const value of [2n ** 64n - 1n, -(2n ** 63n), -1]) {
      expect(trySyscall('lseek', fd, value, SEEK_SET)).toBe(-errno.EINVAL);
    }
    expect(trySyscall('lseek', fd, 2n ** 63n - 1n, SEEK_SET)).toBe(2 ** 63);
  } finally {
    closeFd(fd);
  }
});

onLinux('addresses of the arena can be given to the kernel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-'));
  const fd = openPath(join(directory, 'a'), 0o102, 0o600);
  try {
    arena.scope(() => {
      const block = arena.cstring('hello');
      expect(syscall('write', fd, block.address, 5)).toBe(5);
      const back = arena.alloc(16);
      expect(syscall('pread64', fd, back.address, back.length, 1)).toBe(4);
      expect(back.bytes.toString('latin1', 0, 5)).toBe('ello\0');
    });
  } finally {
    closeFd(fd);
    rmSync(directory, { recursive: true });
  }
});

onLinux('blocks are aligned, zeroed and reused after their scope', () => {
  const first = arena.scope(() => {
    const block = arena.alloc(100);
    block.bytes.fill(7);
    expect(arena.alloc(1).address).toBe(block.address + 128);
    return block.address;
  });
  arena.scope(() => {
    const block = arena.alloc(100);
    expect(block.address).toBe(first);
    expect(block.address % 64).toBe(0);
    expect(block.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

onLinux('a scope that throws frees as well', () => {
  const address = arena.scope(() => arena.alloc(1).address);
  expect(() =>
    arena.scope(() => {
      arena.alloc(1000);
      throw new Error('inside');
    }),
  ).toThrowError('inside');
  expect(arena.scope(() => arena.alloc(1).address)).toBe(address);
});

onLinux('a full arena says so', () => {
  expect(() => arena.scope(() => arena.alloc(17 * 2 ** 20))).toThrowError(/the arena is full: 17825792 bytes wanted/);
  expect(() => arena.alloc(-1)).toThrowError(RangeError);
  expect(() => arena.cstring('a\0b')).toThrowError(/zero byte/);
});
