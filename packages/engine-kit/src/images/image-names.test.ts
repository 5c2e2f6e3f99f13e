import { imageKinds } from '@criujs/images';
import { expect, test } from 'vitest';
import { isImageName } from './image-names.ts';

test.each([
  'inventory.img',
  'core-12.img',
  'pages-1.img',
  'ghost-file-1f.img',
  'criujs.json',
  'stats-dump',
  'tmpfs-3.tar.gz.img',
])('%s is a name of an image', (name) => expect(isImageName(name)).toBe(true));

test.each([
  'disk.img',
  'backup.img',
  'core-.img',
  'core-12.img.bak',
  'xcore-12.img',
  'my-files.img',
  'notes.json',
  'dump.log',
  '',
])('%s may be a file of the user', (name) => expect(isImageName(name)).toBe(false));

test('every kind of image that we can read is known by name', () => {
  const names = Object.values(imageKinds)
    .map((kind) =>
      (kind.file ?? '')
        .replace(/%l?[ud]/, '7')
        .replace('%x', '7f')
        .replace('%s', 'dump'),
    )
    .filter((name) => name !== '');
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !isImageName(name))).toEqual([]);
});
