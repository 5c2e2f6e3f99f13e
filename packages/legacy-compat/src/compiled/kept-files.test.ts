import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directorySections } from '@criujs/plugin-host';
import type { ImageSection } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeptFiles, openKept } from './kept-files.ts';

let images: string;

beforeEach(() => {
  images = mkdtempSync(join(tmpdir(), 'criujs-kept-'));
});

afterEach(() => rmSync(images, { recursive: true }));

/** Only what is asked of it. */
function section(): ImageSection {
  const store = directorySections(images);
  const directories: ImageSection['directories'] = ({ make } = { make: false }) => store.directories('gpu', make);
  return { directories } as ImageSection;
}

const all = (): string[] => readdirSync(images, { recursive: true, encoding: 'utf8' }).sort();

/** A plugin writes a file where it is told that the images are. */
function write({ directory }: KeptFiles, name: string): void {
  writeFileSync(join(directory ?? '', name), name);
}

test('a plugin that keeps nothing leaves nothing', async () => {
  const kept = await openKept(section(), 'dump');
  expect(statSync(kept.directory ?? '').isDirectory()).toBe(true);
  await kept.settle(section());
  expect(await kept.finish(section(), true, [])).toEqual([]);
  expect(all()).toEqual([]);
});

test('what it keeps is its own part, and has a second name when the dump is whole', async () => {
  const kept = await openKept(section(), 'dump');
  write(kept, 'early.img');
  await kept.settle(section());
  expect(all(), 'no image yet').toEqual(['criujs', 'criujs/gpu', 'criujs/gpu/early.img']);
  writeFileSync(join(images, 'criujs/gpu/late.img'), '');
  await kept.settle(section());
  expect(await kept.finish(section(), true, ['gpu_plugin'])).toEqual([]);
  expect(all()).toEqual([
    'criujs',
    'criujs/gpu',
    'criujs/gpu/.inventory',
    'criujs/gpu/early.img',
    'criujs/gpu/late.img',
    'early.img',
    'late.img',
  ]);
  expect(statSync(join(images, 'early.img')).nlink).toBe(2);

  const restored = await openKept(section(), 'restore');
  expect(restored).toMatchObject({ directory: join(images, 'criujs/gpu'), images, needs: ['gpu_plugin'] });
  expect(await restored.finish(section(), true, [])).toEqual([]);
});

test('names alone are kept, too', async () => {
  const kept = await openKept(section(), 'dump');
  await kept.finish(section(), true, ['gpu_plugin']);
  expect((await openKept(section(), 'restore')).needs).toEqual(['gpu_plugin']);
});

test('of a dump that fails nothing comes to the images', async () => {
  const early = await openKept(section(), 'dump');
  write(early, 'early.img');
  expect(await early.finish(section(), false, ['gpu_plugin'])).toEqual([]);
  expect(all()).toEqual([]);
});

test('it never comes into the place of an image', async () => {
  const kept = await openKept(section(), 'dump');
  write(kept, 'inventory.img');
  await kept.settle(section());
  writeFileSync(join(images, 'inventory.img'), 'the real one');
  const warnings = await kept.finish(section(), true, []);
  expect(warnings).toEqual([expect.stringMatching(/inventory\.img cannot be made \(EEXIST\)/)]);
  expect(readFileSync(join(images, 'inventory.img'), 'utf8')).toBe('the real one');
});

test('what an older dump kept is not taken for its own', async () => {
  mkdirSync(join(images, 'criujs/gpu'), { recursive: true });
  writeFileSync(join(images, 'criujs/gpu/old.img'), '');
  const kept = await openKept(section(), 'dump');
  write(kept, 'new.img');
  await kept.finish(section(), true, []);
  expect(all()).toEqual(['criujs', 'criujs/gpu', 'criujs/gpu/new.img', 'new.img']);
});

test('images of CRIU have its files among them', async () => {
  expect(await openKept(section(), 'restore')).toMatchObject({ directory: images, images, needs: [] });
  expect(all()).toEqual([]);
});

test.each(['file.img', '.inventory'])('a link named %s is refused', async (name) => {
  mkdirSync(join(images, 'criujs/gpu'), { recursive: true });
  symlinkSync('/etc/passwd', join(images, 'criujs/gpu', name));
  await expect(openKept(section(), 'restore')).rejects.toMatchObject({ code: 'SECTION_UNSAFE' });
});

test('a store has no directory', async () => {
  const store = { directories: async () => null } as unknown as ImageSection;
  for (const stage of ['dump', 'restore'] as const)
    expect(await openKept(store, stage)).toMatchObject({ directory: null, images: null, needs: [] });
});
