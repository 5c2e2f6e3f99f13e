import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { native } from '../native.ts';
import { prepareReadAhead, readAhead, takeKept } from './ahead.ts';
import type { FileStat } from './file-stat.ts';
import { readFds, readFileStat, readLink, readText } from './read.ts';

native();

const takeAny = (path: string): string | undefined => takeKept('texts', path) ?? takeKept('links', path);

test('texts and links are there once, as the kernel shows them', () => {
  const self = `/proc/${process.pid}`;
  const texts = ['limits', 'cgroup', 'personality'].map((name) => `${self}/${name}`);
  const links = ['exe', 'cwd', 'ns/pid'].map((name) => `${self}/${name}`);
  const kept = readAhead({ texts, links }, () => [...texts, ...links].map((path) => [takeAny(path), takeAny(path)]));
  const plain = [...texts.map((path) => readFileSync(path, 'utf8')), ...links.map((path) => readlinkSync(path))];
  expect(kept).toEqual(plain.map((text) => [text, undefined]));
});

test('whoever reads gets what was read ahead, and nothing of it later', () => {
  const path = `/proc/${process.pid}/comm`;
  const before = readFileSync(path, 'utf8');
  onTestFinished(() => writeFileSync(path, before.trim()));
  const [first, second] = readAhead({ texts: [path] }, () => {
    writeFileSync(path, 'renamed');
    return [readText(process.pid, 'comm'), readText(process.pid, 'comm')];
  });
  expect([first, second]).toEqual([before, 'renamed\n']);
  readAhead({ texts: [path] }, () => undefined);
  writeFileSync(path, 'again');
  expect(readText(process.pid, 'comm')).toBe('again\n');
});

test('what is not there, is too long or cannot be read is left to who asks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ahead-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [long, full] = [join(folder, 'long'), join(folder, 'full')];
  writeFileSync(long, 'x'.repeat(2049));
  writeFileSync(full, 'x'.repeat(2048));
  const paths = [long, full, join(folder, 'absent'), folder, `/${'deep/'.repeat(20)}file`];
  expect(readAhead({ texts: paths, links: paths }, () => paths.map(takeAny))).toEqual([
    undefined,
    'x'.repeat(2048),
    undefined,
    undefined,
    undefined,
  ]);
  expect(() =>
    readAhead({ links: [`/proc/${process.pid}/fd/9999`] }, () => readLink(process.pid, 'fd/9999')),
  ).toThrowError('ENOENT');
});

test('more than one step, and no descriptor is left open', () => {
  const before = readFds(process.pid).length;
  const fds = Array.from({ length: 150 }, () => openSync('/dev/null', 'r'));
  const links = fds.map((fd) => `/proc/${process.pid}/fd/${fd}`);
  const texts = fds.map((fd) => `/proc/${process.pid}/fdinfo/${fd}`);
  const kept = readAhead({ links, texts }, () => [links.map(takeAny), texts.map(takeAny)]);
  expect(kept[0]).toEqual(fds.map(() => '/dev/null'));
  for (const text of kept[1] ?? []) expect(text).toMatch(/^pos:\t0\nflags:\t/);
  for (const fd of fds) closeSync(fd);
  expect(readFds(process.pid)).toHaveLength(before);
});

test('what a path leads to, as Node says', () => {
  const paths = ['/dev/null', '/proc/self/exe', '/', import.meta.filename];
  const plain = paths.map((path) => statSync(path, { bigint: true }));
  const ahead = readAhead({ stats: [...paths, '/absent'] }, () => paths.map((path) => takeKept('stats', path)));
  for (const [at, { atimeNs: _, ...stat }] of ahead.map((it) => it as FileStat).entries())
    expect(plain[at]).toMatchObject(stat);
  expect(() => readFileStat('/absent')).toThrowError('ENOENT');
  readAhead({ stats: ['/dev/null'] }, () => {
    expect(readFileStat('/dev/null')).not.toHaveProperty('isFile');
    expect(readFileStat('/dev/null')).toHaveProperty('isFile');
  });
});

test('is prepared without anything kept of it', () => {
  const before = readFds(process.pid).length;
  prepareReadAhead();
  expect([takeAny('/proc/self/stat'), takeAny('/proc/self/exe'), takeKept('stats', '/proc/self/exe')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(readFds(process.pid)).toHaveLength(before);
});
