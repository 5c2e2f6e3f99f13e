import { execFileSync } from 'node:child_process';
import {
  existsSync,
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
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { directorySections, type HostError, type SectionStore } from './index.ts';
import { createSection } from './section.ts';

const folder = mkdtempSync(join(tmpdir(), 'criujs-sections-'));
afterAll(() => rmSync(folder, { recursive: true }));

let images = 0;

/** A new image directory, and plugin kvm's view of it. */
function fresh(limit?: number): { directory: string; store: SectionStore; image: ReturnType<typeof createSection> } {
  const directory = join(folder, `${++images}`);
  mkdirSync(directory);
  const store = directorySections(directory, { limit });
  return { directory, store, image: createSection({ store, plugin: 'kvm', version: 1, writes: true }) };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: HostError) => error.code,
  );
}

const bytes = new Uint8Array([0, 1, 254, 255]);

async function* inParts(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

test('bytes and JSON come back as they were, from files of their owner only', async () => {
  const { directory, image } = fresh();
  await image.write('state', bytes);
  await image.writeJson('file-7.json', { path: '/dev/kvm', flags: 2 });
  expect(await image.read('state')).toEqual(bytes);
  expect(await collect(image.stream('state'))).toEqual(bytes);
  expect(await image.readJson('file-7.json')).toEqual({ path: '/dev/kvm', flags: 2 });
  expect(await image.names()).toEqual(['file-7.json', 'state']);
  expect(readFileSync(join(directory, 'criujs/kvm/file-7.json'), 'utf8')).toBe('{"path":"/dev/kvm","flags":2}');
  expect(statSync(join(directory, 'criujs/kvm/state')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'criujs/kvm')).mode & 0o777).toBe(0o700);
});

test('large parts are written and read as streams', async () => {
  const { image } = fresh();
  const part = new Uint8Array(300_000).fill(7);
  await image.write('big', inParts(part, bytes, part));
  expect(await collect(image.stream('big'))).toEqual(new Uint8Array([...part, ...bytes, ...part]));
  await image.write('empty', inParts());
  expect(await image.read('empty')).toEqual(new Uint8Array());
});

test('a part is replaced as a whole, or stays as it was', async () => {
  const { directory, image } = fresh();
  await image.write('state', bytes);
  await image.write('state', new Uint8Array([9]));
  expect(await image.read('state')).toEqual(new Uint8Array([9]));
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
    throw new Error('no more');
  };
  await expect(image.write('state', failing())).rejects.toThrow('no more');
  await expect(image.write('state', ['text'] as never)).rejects.toThrow(TypeError);
  expect(await image.read('state')).toEqual(new Uint8Array([9]));
  expect(readdirSync(join(directory, 'criujs/kvm'))).toEqual(['state']);
});

test('plugins do not see each other', async () => {
  const { store, image } = fresh();
  await image.write('state', bytes);
  const other = createSection({ store, plugin: 'tun', version: 1, writes: true });
  expect(await other.names()).toEqual([]);
  expect(await codeOf(other.read('state'))).toBe('SECTION_MISSING');
});

test('what is not there', async () => {
  const { image } = fresh();
  expect(await image.names()).toEqual([]);
  expect(await codeOf(image.read('state'))).toBe('SECTION_MISSING');
  await image.write('state', bytes);
  await expect(image.readJson('other')).rejects.toMatchObject({
    code: 'SECTION_MISSING',
    message: 'the image has no other of plugin kvm',
    remedy: expect.any(String),
  });
  expect(await codeOf(collect(image.stream('other')))).toBe('SECTION_MISSING');
});

test.each([
  '',
  '.',
  '..',
  '.hidden',
  '../x',
  'a/b',
  '/etc/passwd',
  'a\\b',
  'a\0b',
  'ä',
  'a b',
  'a\n',
  'a'.repeat(201),
  7,
  null,
  undefined,
])('the name %j is refused everywhere', async (name) => {
  const { directory, image, store } = fresh();
  const bad = name as string;
  expect(await codeOf(image.write(bad, bytes))).toBe('SECTION_NAME');
  expect(await codeOf(image.writeJson(bad, 1))).toBe('SECTION_NAME');
  expect(await codeOf(image.read(bad))).toBe('SECTION_NAME');
  expect(await codeOf(image.readJson(bad))).toBe('SECTION_NAME');
  expect(() => image.stream(bad)).toThrow();
  expect(await codeOf(store.read('kvm', bad))).toBe('SECTION_NAME');
  expect(await codeOf(store.write(bad, 'x', bytes))).toBe('SECTION_NAME');
  expect(readdirSync(directory)).toEqual([]);
});

test('no name whatever leads out of the directory', async () => {
  const { directory, image } = fresh();
  const before = readdirSync(folder);
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', '\0') }));
  await fc.assert(
    fc.asyncProperty(name, async (it) => {
      const code = await codeOf(image.write(it, bytes));
      expect(code === 'SECTION_NAME' || existsSync(join(directory, 'criujs/kvm', it))).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(readdirSync(folder)).toEqual(before);
  expect(readdirSync(directory)).toEqual(readdirSync(directory).filter((it) => it === 'criujs'));
});

test('a name of 200 characters fits', async () => {
  const { image } = fresh();
  await image.write('n'.repeat(200), bytes);
  expect(await image.names()).toEqual(['n'.repeat(200)]);
});

test('a link in place of a part is not followed; writing replaces it', async () => {
  const { directory, image } = fresh();
  const outside = join(folder, `outside-${images}`);
  writeFileSync(outside, 'secret');
  await image.write('a', bytes);
  symlinkSync(outside, join(directory, 'criujs/kvm/link'));
  expect(await codeOf(image.read('link'))).toBe('SECTION_UNSAFE');
  expect(await codeOf(collect(image.stream('link')))).toBe('SECTION_UNSAFE');
  expect(await image.names()).toEqual(['a']);
  await image.write('link', bytes);
  expect(readFileSync(outside, 'utf8')).toBe('secret');
  expect(await image.read('link')).toEqual(bytes);
});

test.each(['criujs', 'criujs/kvm'])('a link in place of the folder %s is refused', async (name) => {
  const { directory, image } = fresh();
  const outside = join(folder, `outside-${images}`);
  mkdirSync(join(outside, 'kvm'), { recursive: true });
  writeFileSync(join(outside, 'state'), 'secret');
  writeFileSync(join(outside, 'kvm/state'), 'secret');
  if (name !== 'criujs') mkdirSync(join(directory, 'criujs'));
  symlinkSync(outside, join(directory, name));
  expect(await codeOf(image.read('state'))).toBe('SECTION_UNSAFE');
  expect(await codeOf(image.write('state', bytes))).toBe('SECTION_UNSAFE');
  expect(await codeOf(image.names())).toBe('SECTION_UNSAFE');
  expect(readFileSync(join(outside, 'state'), 'utf8')).toBe('secret');
});

test('the image directory itself may be a link', async () => {
  const { directory } = fresh();
  const link = join(folder, `link-${images}`);
  symlinkSync(directory, link);
  await createSection({ store: directorySections(link), plugin: 'kvm', version: 1, writes: true }).write(
    'state',
    bytes,
  );
  expect(existsSync(join(directory, 'criujs/kvm/state'))).toBe(true);
});

test.runIf(process.platform === 'linux')('a fifo or a folder in place of a part holds nobody', async () => {
  const { directory, image } = fresh();
  await image.write('a', bytes);
  execFileSync('mkfifo', [join(directory, 'criujs/kvm/fifo')]);
  mkdirSync(join(directory, 'criujs/kvm/folder'));
  expect(await codeOf(image.read('fifo'))).toBe('SECTION_UNSAFE');
  expect(await codeOf(image.read('folder'))).toBe('SECTION_UNSAFE');
  expect(await image.names()).toEqual(['a']);
});

test('reading is bounded, streaming is not', async () => {
  const { image } = fresh(10);
  await image.write('ten', new Uint8Array(10));
  await image.write('more', new Uint8Array(11));
  expect(await image.read('ten')).toHaveLength(10);
  expect(await codeOf(image.read('more'))).toBe('SECTION_TOO_LARGE');
  expect(await codeOf(image.readJson('more'))).toBe('SECTION_TOO_LARGE');
  expect(await collect(image.stream('more'))).toHaveLength(11);
});

test.each([
  ['a bigint', { n: 1n }],
  ['nothing', undefined],
  ['a function', () => {}],
])('%s cannot be written as JSON', async (_, value) => {
  const { directory, image } = fresh();
  await expect(image.writeJson('x', value)).rejects.toMatchObject({ code: 'SECTION_JSON', remedy: expect.any(String) });
  expect(readdirSync(directory)).toEqual([]);
});

test.each(['', '{', 'nul', '\xff\xfe'])('%j is no JSON', async (text) => {
  const { image } = fresh();
  await image.write(
    'x',
    Uint8Array.from(text, (it) => it.charCodeAt(0)),
  );
  expect(await codeOf(image.readJson('x'))).toBe('SECTION_JSON');
});

test('whoever opens files by itself is told of real directories; a restore makes none', async () => {
  const { directory, store, image } = fresh();
  const restored = createSection({ store, plugin: 'kvm', version: 1, writes: false });
  for (const section of [restored, image])
    expect(await section.directories()).toEqual({ own: null, images: directory });
  expect(await restored.directories({ make: true })).toEqual({ own: null, images: directory });
  expect(existsSync(join(directory, 'criujs'))).toBe(false);
  const own = join(directory, 'criujs/kvm');
  expect(await image.directories({ make: true })).toEqual({ own, images: directory });
  expect(statSync(own).mode & 0o777).toBe(0o700);
  writeFileSync(join(own, 'state.img'), bytes);
  expect(await image.names()).toEqual(['state.img']);
  expect(await restored.read('state.img')).toEqual(bytes);
  expect(await restored.directories()).toEqual({ own, images: directory });
});

test('a directory that is a link is nobody’s own, and a store without directories has none', async () => {
  const { directory, store, image } = fresh();
  mkdirSync(join(directory, 'criujs'));
  symlinkSync(folder, join(directory, 'criujs/kvm'));
  expect(await codeOf(image.directories({ make: true }))).toBe('SECTION_UNSAFE');
  const { directories: _, ...elsewhere } = store;
  const section = createSection({ store: elsewhere, plugin: 'kvm', version: 1, writes: true });
  expect(await section.directories({ make: true })).toBe(null);
  const nowhere = createSection({ store: undefined, plugin: 'kvm', version: 1, writes: true });
  expect(await nowhere.directories()).toBe(null);
});
