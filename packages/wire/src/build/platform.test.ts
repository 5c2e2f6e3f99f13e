import { expect, test } from 'vitest';
import { folderOf, runsHere, thisPlatform } from './platform.ts';

test('what was built with an older C library runs, what was built with a newer one does not', () => {
  const platform = { arch: 'x64', glibc: '2.36' };
  for (const folder of ['linux-x64-glibc-2.36', 'linux-x64-glibc-2.9']) expect(runsHere(folder, platform)).toBe(true);
  const others = ['linux-x64-glibc-2.37', 'linux-x64-glibc-3.0', 'linux-arm64-glibc-2.36', 'linux-x64-musl', 'x'];
  for (const folder of others) expect(runsHere(folder, platform)).toBe(false);
  expect(runsHere('linux-arm64-musl', { arch: 'arm64', glibc: null })).toBe(true);
});

test.runIf(process.platform === 'linux')('what is built here runs here', () => {
  expect(runsHere(folderOf(thisPlatform()))).toBe(true);
});
