import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeFd } from './descriptors/own.ts';
import { firstErrandDescriptor, runErrand } from './errand.ts';
import { errno } from './errors.ts';

test('an errand makes all calls, answers each, and gives back what they have read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-errand-'));
  const path = join(folder, 'file');
  writeFileSync(path, 'what was there');
  const fd = openSync(path, 'r+');
  try {
    const read = Buffer.alloc(20);
    const answers = runErrand(
      [
        ['pread64', firstErrandDescriptor, read, read.length, 5],
        ['close', 1000],
        ['pwrite64', firstErrandDescriptor, Buffer.from('that'), 4, 0],
      ],
      [fd],
    );
    expect(answers).toEqual([9, -errno.EBADF, 4]);
    expect(read.toString('latin1')).toBe(`was there${'\0'.repeat(11)}`);
    expect(readFileSync(path, 'utf8')).toBe('that was there');
  } finally {
    closeFd(fd);
    rmSync(folder, { recursive: true });
  }
});

test('an errand that is ended before it is through says nothing', () => {
  expect(runErrand([['exit_group', 0]], [])).toBeNull();
});
