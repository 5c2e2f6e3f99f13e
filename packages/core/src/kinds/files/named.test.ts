import { closeSync, fstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkPlace, openAgain, openNamed } from './named.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-open-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** O_RDWR, O_NOFOLLOW, O_DIRECTORY. open(2) */
const [forBoth, noFollow, directory] = [2, 0o400000, 0o200000];

test('what cannot be opened as the images say has a code and a remedy', () => {
  const link = join(folder, 'link');
  symlinkSync(folder, link);
  const failing = (path: string, flags: number): unknown => {
    try {
      return openAgain(path, flags);
    } catch (error) {
      return error;
    }
  };
  expect(failing(folder, forBoth)).toMatchObject({ code: 'IMAGE_INVALID', remedy: expect.stringContaining('copy') });
  expect(failing(link, noFollow)).toMatchObject({ code: 'FILE_CHANGED', remedy: expect.stringContaining('link') });
  expect(failing(join(folder, 'gone'), 0)).toMatchObject({ code: 'FILE_MISSING', resource: join(folder, 'gone') });
  expect(failing('/dev/null', directory)).toMatchObject({ code: 'FILE_MISSING' });
});

test('no path of the images leads to what is the engine’s own', () => {
  const refused = (path: string, code: string): void => {
    expect(() => openNamed(path, 0), path).toThrow(expect.objectContaining({ code, resource: path }));
  };
  const link = join(folder, 'link');
  symlinkSync('/proc/self/exe', link);
  for (const magic of ['/proc/self/exe', '/proc/self/fd/0', `/proc/${process.pid}/root/etc/passwd`, link])
    refused(magic, 'FILE_CHANGED');
  for (const file of ['maps', 'mem', 'environ'])
    for (const who of ['self', 'thread-self', String(process.pid)])
      expect(() => openNamed(`/proc/${who}/${file}`, 0), `${who} ${file}`).toThrow(/a file of a process in \/proc/);
});

test('files of the machine in /proc, and everything else, are opened', () => {
  for (const path of ['/proc/meminfo', '/proc/sys/kernel/ostype', '/proc', folder, '/dev/null']) {
    const fd = openNamed(path, 0);
    expect(fstatSync(fd).isFIFO(), path).toBe(false);
    closeSync(fd);
  }
  closeSync(openNamed(folder, directory | 0o10000000));
});

test('nothing is made or removed through magic links, or in /proc', () => {
  const link = join(folder, 'link');
  symlinkSync('/proc/self/root', link);
  for (const magic of [
    '/proc/self/root/tmp/x',
    `/proc/${process.pid}/cwd/new/x`,
    '/proc/thread-self/fd/0/x',
    `${link}/tmp/x`,
  ])
    expect(() => checkPlace(magic), magic).toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }));
  for (const place of ['/proc/self/maps', '/proc/self/task/x', '/proc/meminfo'])
    expect(() => checkPlace(place), place).toThrow(/a deleted file in \/proc/);
  symlinkSync(folder, join(folder, 'own'));
  for (const place of [join(folder, 'x'), join(folder, 'own', 'x'), join(folder, 'gone', 'too', 'x'), '/x', '/gone/x'])
    expect(checkPlace(place), place).toBeUndefined();
});
