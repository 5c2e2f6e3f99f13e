import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { images } from '../test/arbitrary.ts';
import {
  decodeImage,
  decodePagemap,
  encodeImage,
  ImageError,
  type ImageKind,
  imageKinds,
  iterateImage,
  kindOfFile,
  readImage,
} from './index.ts';

const folder = new URL('../fixtures/', import.meta.url);
const fixtures = readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
  const kind = kindOfFile(file.replace(/^.*\//, ''))?.kind;
  return kind && file.includes('/') ? [{ file, kind, bytes: new Uint8Array(readFileSync(new URL(file, folder))) }] : [];
});
const small = fixtures.filter(({ bytes }) => bytes.length <= 700);

/** Decodes, or fails with an ImageError that names file and offset; anything else fails the test. */
function survives(kind: ImageKind, bytes: Uint8Array): ImageError | null {
  try {
    const records = decodeImage(kind, bytes, { file: 'x.img' });
    // What was read can be written.
    encodeImage(kind, records as never);
    return null;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.file).toBe('x.img');
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    expect(error.message).toContain(`x.img, offset ${error.offset}: `);
    return error;
  }
}

function failure(run: () => unknown): ImageError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('an image that is cut short, at any byte,', () => {
  test.each(small)('$file, is an error or a shorter image', ({ kind, bytes }) => {
    const whole = decodeImage(kind, bytes).length;
    for (let length = 0; length < bytes.length; length++) {
      const error = survives(kind, bytes.subarray(0, length));
      if (error) expect(error.code).toBe('IMAGE_TRUNCATED');
      else if (imageKinds[kind].entry && kind !== 'GHOST_FILE') {
        expect(decodeImage(kind, bytes.subarray(0, length)).length).toBeLessThan(whole);
      }
    }
  });

  for (const kind of Object.keys(imageKinds) as ImageKind[]) {
    test(`of kind ${kind}, made up, is an error or a shorter image`, () => {
      fc.assert(
        fc.property(images(kind), (records) => {
          const bytes = encodeImage(kind, records);
          for (let length = 0; length < Math.min(bytes.length, 400); length++)
            survives(kind, bytes.subarray(0, length));
        }),
        { numRuns: 2 },
      );
    });
  }
});

test('an image with flipped bits is an error or another image', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 });
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), flips, ({ kind, bytes }, changes) => {
      const changed = bytes.slice();
      for (const [at, bit] of changes) {
        const index = at % Math.max(1, bytes.length);
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
      }
      const code = survives(kind, changed)?.code ?? 'decoded';
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }),
    { numRuns: 3000 },
  );
  // The test is worth something only if both happen, and often.
  expect(outcomes.get('decoded')).toBeGreaterThan(100);
  expect(outcomes.get('IMAGE_CORRUPT')).toBeGreaterThan(100);
});

test('bytes at random after a right head are an error or an image', () => {
  const kinds = Object.keys(imageKinds) as ImageKind[];
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 200 }), (kind, bytes) => {
      survives(kind, new Uint8Array([...encodeImage(kind, []), ...bytes]));
      // The same as the payload of one entry, so that it reaches the decoder of messages.
      survives(kind, new Uint8Array([...encodeImage(kind, []), bytes.length, 0, 0, 0, ...bytes]));
    }),
    { numRuns: 2000 },
  );
});

const filesHead = encodeImage('FILES', []);
const u32 = (value: number): number[] => [...new Uint8Array(new Uint32Array([value]).buffer)];

test('a declared size is not believed: what is not there is cut short', () => {
  for (const size of [1, 0x1000, 0x7fffffff, 0xffffffff]) {
    const error = failure(() =>
      decodeImage('FILES', new Uint8Array([...filesHead, ...u32(size)]), { file: 'files.img' }),
    );
    expect(error).toMatchObject({ code: 'IMAGE_TRUNCATED', file: 'files.img', offset: 12 });
  }
  const pipes = encodeImage('PIPES_DATA', [{ message: { pipeId: 1, bytes: 3 }, data: new Uint8Array(3) }]);
  expect(failure(() => decodeImage('PIPES_DATA', pipes.subarray(0, -1))).code).toBe('IMAGE_TRUNCATED');
});

test('64-bit lengths that wrap or round are cut short', () => {
  for (const size of [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n]) {
    const desc = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 };
    const sound = encodeImage('IPCNS_SHM', [{ message: { desc, size, inPagemaps: true } }]);
    // in_pagemaps, field 3, is the entry's end: off.
    const bytes = Uint8Array.from(sound);
    bytes[bytes.length - 1] = 0;
    expect(failure(() => decodeImage('IPCNS_SHM', bytes)).code).toBe('IMAGE_TRUNCATED');
  }
});

test('an entry over the limit is refused where it is all there', () => {
  const bytes = encodeImage('UTSNS', [{ message: { nodename: 'n'.repeat(2000), domainname: '' } }]);
  const error = failure(() => decodeImage('UTSNS', bytes, { limits: { entry: 1000 } }));
  expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE', offset: 12, remedy: expect.stringContaining('limit') });
  expect(failure(() => encodeImage('UTSNS', decodeImage('UTSNS', bytes), { limits: { entry: 1000 } })).code).toBe(
    'IMAGE_TOO_LARGE',
  );
});

test('a caller who has heard enough ends the decoding of an image with many messages', () => {
  const many = new Uint8Array([...encodeImage('CGROUP', []), ...new Uint8Array(4 * 20_000)]);
  let looks = 0;
  const check = (): void => {
    if (++looks === 3) throw new Error('enough');
  };
  expect(() => decodeImage('CGROUP', many, { check })).toThrow('enough');
  expect(looks).toBe(3);
  expect(decodeImage('CGROUP', many, { check })).toHaveLength(20_000);
  expect(looks).toBe(23);
});

test('small bytes that make many objects are refused', () => {
  // An empty nested message takes two bytes: list item 2 of cgroup_entry, cg_controller_entry.
  const payload = new Uint8Array(2_000_000).map((_, index) => (index % 2 === 0 ? 0x12 : 0));
  const bytes = new Uint8Array([...encodeImage('CGROUP', []), ...u32(payload.length), ...payload]);
  expect(failure(() => decodeImage('CGROUP', bytes, { limits: { items: 1000 } })).code).toBe('IMAGE_TOO_LARGE');
  const empty = new Uint8Array([...encodeImage('CGROUP', []), ...new Uint8Array(4 * 20)]);
  expect(decodeImage('CGROUP', empty).length).toBe(20);
  expect(failure(() => decodeImage('CGROUP', empty, { limits: { records: 19 } }))).toMatchObject({
    code: 'IMAGE_TOO_LARGE',
    offset: 8 + 4 * 19,
  });
  expect([...iterateImage('CGROUP', empty, { limits: { records: 19 } })].length).toBe(20);
});

test('messages in messages are bounded, when read and when written', () => {
  interface Nested {
    name: string;
    namespaces: Nested[];
  }
  const nest = (depth: number): Nested => ({ name: 'n', namespaces: depth > 1 ? [nest(depth - 1)] : [] });
  const image = (depth: number, limit?: number): Uint8Array =>
    encodeImage('APPARMOR', [{ message: { namespaces: [nest(depth)] } }], limit ? { limits: { depth: limit } } : {});
  expect(decodeImage('APPARMOR', image(63)).length).toBe(1);
  expect(failure(() => image(64)).code).toBe('IMAGE_TOO_LARGE');
  expect(failure(() => decodeImage('APPARMOR', image(64, 1000))).code).toBe('IMAGE_TOO_LARGE');
});

test('a stream without end is read no further than the limit', async () => {
  let sent = 0;
  async function* endless(head: Uint8Array): AsyncGenerator<Uint8Array> {
    yield head;
    for (;;) {
      sent += 65536;
      yield new Uint8Array(65536);
    }
  }
  const limits = { entry: 1 << 20, data: 1 << 20 };
  const head = new Uint8Array([...filesHead, ...u32(0xfffffff0)]);
  await expect(readImage('FILES', endless(head), { limits }).next()).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expect(sent).toBeLessThanOrEqual((1 << 20) + 65536);
});

test('another kind, no image, and no bytes at all are told apart', () => {
  const core = fixtures.find(({ kind }) => kind === 'CORE')?.bytes ?? expect.fail('no fixture');
  const other = failure(() => decodeImage('FILES', core, { file: 'files.img' }));
  expect(other).toMatchObject({ code: 'IMAGE_MAGIC', offset: 4 });
  expect(other.message).toContain('it is CORE');
  const text = failure(() => decodeImage('FILES', new TextEncoder().encode('#!/bin/sh\n')));
  expect(text).toMatchObject({ code: 'IMAGE_MAGIC', offset: 0 });
  expect(text.message).toContain('0x622f2123');
  expect(failure(() => decodeImage('FILES', new Uint8Array())).code).toBe('IMAGE_TRUNCATED');
  expect(failure(() => decodePagemap(encodeImage('PAGEMAP', []))).code).toBe('IMAGE_TRUNCATED');
});

test.each([
  ['a wire type that the field has not', [0x0d, 0, 0, 0, 0], 'wire type'],
  ['a group', [0x0b, 0x0c], 'wire type'],
  ['an unknown group', [0xf3, 0x07, 0xf4, 0x07], 'group'],
  ['a length over the end', [0x2a, 0x7f, 0], '127 bytes declared, 1 there'],
  ['a number over 32 bits', [0x08, 0xff, 0xff, 0xff, 0xff, 0x1f], '32 bits'],
  ['a number without end', [0x08, ...Array<number>(11).fill(0xff)], 'varint'],
  ['field number 0', [0x00, 0x00], 'tag'],
  ['a required field that is missing', [0x08, 0x01], 'ext_file_entry.fown is missing'],
  ['a required field that is missing in a message', [0x08, 1, 0x2a, 2, 0x08, 0], 'fown_entry.euid is missing'],
])('%s is corrupt', (_, payload, why) => {
  const head = encodeImage('EXT_FILES', []);
  const bytes = new Uint8Array([...head, ...u32(payload.length), ...payload]);
  const error = failure(() => decodeImage('EXT_FILES', bytes, { file: 'ext-files.img' }));
  expect(error.code).toBe('IMAGE_CORRUPT');
  expect(error.message).toContain(why);
  expect(error.offset).toBeGreaterThanOrEqual(12);
  expect(error.offset).toBeLessThanOrEqual(bytes.length);
});
