import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getFlags } from '@criujs/linux';
import { expect, test } from 'vitest';
import { nobodyRestores } from './nobody-restores.ts';
import { putBack, putBackFlags } from './put-back.ts';

const { O_APPEND, O_NONBLOCK, O_CREAT, O_RDWR } = constants;

function withFile(use: (fd: number, path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-externals-'));
  const path = join(directory, 'file');
  const fd = openSync(path, O_RDWR | O_CREAT | O_NONBLOCK, 0o600);
  try {
    use(fd, path);
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
}

test('status flags and position come back, and access stays', () =>
  withFile((fd, path) => {
    writeFileSync(path, '0123456789');
    expect(putBack(fd, { flags: constants.O_RDONLY | O_APPEND, position: 4 })).toEqual([]);
    expect(getFlags(fd) & (O_APPEND | O_NONBLOCK | 0o3)).toBe(O_APPEND | O_RDWR);
    expect(readFileSync(fd, 'utf8')).toBe('456789');
  }));

test('what takes no such position is left where it is', () =>
  withFile((fd) => {
    expect(putBack(fd, { flags: 0, position: -1 })).toEqual([]);
    expect(getFlags(fd) & O_NONBLOCK).toBe(0);
    expect(putBackFlags(fd, O_NONBLOCK)).toEqual([]);
    expect(getFlags(fd) & O_NONBLOCK).toBe(O_NONBLOCK);
  }));

test('nobody restores it: a missing plugin, or one that has forgotten how', () => {
  expect(nobodyRestores('RESTORE_EXT_FILE', 'file 7', null)).toMatchObject({
    code: 'PLUGIN_MISSING',
    hook: 'RESTORE_EXT_FILE',
    resource: 'file 7',
  });
  const provider = { name: 'gpu', version: '1.4.0' };
  expect(nobodyRestores('RESTORE_EXT_FILE', 'file 7', provider)).toMatchObject({
    code: 'PLUGIN_FAILED',
    message: 'file 7 was dumped by plugin gpu 1.4.0; neither the loaded version nor another plugin restores it',
    plugin: 'gpu',
  });
});
