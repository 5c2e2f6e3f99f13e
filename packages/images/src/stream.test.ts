import fc from 'fast-check';
import { expect, test } from 'vitest';
import { images } from '../test/arbitrary.ts';
import {
  decodeImage,
  encodeImage,
  encodeParts,
  ImageError,
  type ImageKind,
  type ImageRecord,
  imageKinds,
  iterateImage,
  readImage,
  writeImage,
} from './index.ts';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const join = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const pipe = (bytes: number) => ({ message: { pipeId: 1, bytes }, data: new Uint8Array(bytes).fill(7) });

test('a stream gives the same records as the whole image, however it is cut into pieces', async () => {
  const kinds = (Object.keys(imageKinds) as ImageKind[]).filter((kind) => imageKinds[kind].entry);
  const cases = fc.constantFrom(...kinds).chain((kind) => fc.tuple(fc.constant(kind), images(kind)));
  const sizes = fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })
    .filter((all) => all.some(Boolean));
  await fc.assert(
    fc.asyncProperty(cases, sizes, async ([kind, records], pieces) => {
      const bytes = join(await collect(writeImage(kind, records)));
      expect(bytes).toEqual(encodeImage(kind, records));
      const read: ImageRecord<ImageKind>[] = await collect(readImage(kind, inPieces(bytes, pieces)));
      expect(read).toEqual(decodeImage(kind, bytes));
    }),
    { numRuns: 300 },
  );
});

test('a stream that ends early fails with the same error as the whole image', async () => {
  const bytes = encodeImage('PIPES_DATA', [pipe(5), pipe(0), pipe(9)]);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    const failed = async (run: () => unknown): Promise<unknown> => {
      try {
        await run();
        return null;
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        return { message: error.message, code: error.code, offset: error.offset };
      }
    };
    const whole = await failed(() => decodeImage('PIPES_DATA', cut, { file: 'a' }));
    expect(await failed(() => collect(readImage('PIPES_DATA', inPieces(cut, [3]), { file: 'a' })))).toEqual(whole);
  }
});

test('bytes without messages are handed on as they come', async () => {
  const pieces = [new Uint8Array(3).fill(1), new Uint8Array(4).fill(2)];
  const records = await collect(readImage('PAGES', inPieces(join(pieces), [3, 4])));
  expect(records).toEqual(pieces.map((data) => ({ message: null, data })));
  expect(await collect(readImage('PAGES', inPieces(new Uint8Array(), [1])))).toEqual([]);

  const old = encodeImage('PAGES_OLD', [{ message: null, data: new Uint8Array([1, 2, 3]) }]);
  const data = (await collect(readImage('PAGES_OLD', inPieces(old, [2])))).map(
    (record) => record.data ?? new Uint8Array(),
  );
  expect(join(data)).toEqual(new Uint8Array([1, 2, 3]));
});

test('data over the limit is refused in a stream, and not in a whole image', async () => {
  const bytes = encodeImage('PIPES_DATA', [pipe(5000)]);
  const limits = { data: 4999 };
  await expect(collect(readImage('PIPES_DATA', inPieces(bytes, [100]), { limits }))).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
  });
  expect(decodeImage('PIPES_DATA', bytes, { limits })[0]?.data?.length).toBe(5000);
});

test('a reader that stops early closes the stream, and so does an error', async () => {
  let closed = 0;
  async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      yield* inPieces(bytes, [4]);
    } finally {
      closed += 1;
    }
  }
  const bytes = encodeImage('PIPES_DATA', [pipe(5), pipe(6)]);
  for await (const { data } of readImage('PIPES_DATA', source(bytes))) {
    expect(data?.length).toBe(5);
    break;
  }
  expect(closed).toBe(1);
  await expect(readImage('FILES', source(bytes)).next()).rejects.toMatchObject({ code: 'IMAGE_MAGIC' });
  expect(closed).toBe(2);
});

test("an error of the stream is the reader's error", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2);
    throw new Error('disk is gone');
  }
  await expect(readImage('FILES', broken()).next()).rejects.toThrow('disk is gone');
  await expect(readImage('FILES', ['text'] as never).next()).rejects.toThrow(TypeError);
});

test('writing in parts gives the parts of the whole, and data is not copied', () => {
  const records = [pipe(5), pipe(6)];
  const parts = [...encodeParts('PIPES_DATA', records)];
  expect(join(parts)).toEqual(encodeImage('PIPES_DATA', records));
  expect(parts).toContain(records[0]?.data);
});

test('a whole image is read one record at a time, and data is a view of it', () => {
  const bytes = encodeImage('PIPES_DATA', [pipe(5), pipe(6)]);
  const first = iterateImage('PIPES_DATA', bytes).next().value;
  expect(first?.data?.buffer).toBe(bytes.buffer);
  expect(first?.data?.length).toBe(5);
});
