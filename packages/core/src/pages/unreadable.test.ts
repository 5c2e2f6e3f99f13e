import { LinuxError, syscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import { mapFlag, pageSize, protection } from '../facts/memory.ts';
import { frozenTask } from './frozen-task.ts';
import { readingMemory } from './unreadable.ts';

test.each([true, false])('memory that nobody can read is refused by its address (readable: %s)', (read) => {
  // No program has memory there. vm.mmap_min_addr, proc_sys_vm(5).
  const start = pageSize;
  const map = { vma: { start, end: start + pageSize, read }, entry: { status: 0x200 }, pages: 'whole' as const };
  const source = frozenTask(process.pid, [map], () => undefined);
  const buffer = syscall(
    'mmap',
    0,
    pageSize,
    protection.read | protection.write,
    mapFlag.private | mapFlag.anonymous,
    -1,
    0,
  );
  try {
    expect(() => source.read(buffer, pageSize)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('0x1000'),
        remedy: expect.stringContaining('guard pages'),
      }),
    );
  } finally {
    source.close();
    syscall('munmap', buffer, pageSize);
  }
});

test('other errors stay what they are', () => {
  const gone = new LinuxError('process_vm_readv', 3, {});
  const fail = (error: unknown) => () =>
    readingMemory(1, 0, () => {
      throw error;
    });
  expect(fail(gone)).toThrow(gone);
  expect(fail(new RangeError('x'))).toThrow(RangeError);
});
