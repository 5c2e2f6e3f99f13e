import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernelDrivers } from './drivers.ts';

const texts: Readonly<Record<string, string>> = {
  '/proc/devices':
    'Character devices:\n  4 tty\n  4 ttyS\n 10 misc\n195 nvidia-frontend\n\nBlock devices:\n  4 other\n259 blkext\n',
  '/proc/misc': '229 fuse\n232 kvm\n',
};

test('drivers are found by kind and number', () => {
  const drivers = kernelDrivers((path) => texts[path] ?? '');
  expect(drivers.named('character', 4)).toEqual(['tty', 'ttyS']);
  expect(drivers.named('block', 4)).toEqual(['other']);
  expect(drivers.named('block', 195)).toEqual([]);
  expect(drivers.misc(232)).toBe('kvm');
  expect(drivers.misc(1)).toBeUndefined();
});

test('the lists are read once, and only if somebody asks', () => {
  let reads = 0;
  const drivers = kernelDrivers(() => {
    reads++;
    return '';
  });
  expect(reads).toBe(0);
  drivers.named('block', 1);
  drivers.misc(1);
  expect(reads).toBe(2);
});

test.skipIf(!existsSync('/proc/devices'))('those of this machine are there', () => {
  const drivers = kernelDrivers();
  expect(drivers.named('character', 1)).toContain('mem');
  expect(drivers.named('character', 10)).toContain('misc');
});
