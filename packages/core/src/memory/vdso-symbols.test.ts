import { readMaps, readMemory } from '@criujs/linux';
import { expect, test } from 'vitest';
import { vdsoFunctions } from './vdso-symbols.ts';

const vdso = readMaps(process.pid).find(({ name }) => name === '[vdso]');
const image = vdso === undefined ? Buffer.alloc(0) : readMemory(process.pid, vdso.start, vdso.end - vdso.start);

test('the vdso of this kernel has its functions, each inside of it', () => {
  const functions = vdsoFunctions(image);
  expect(functions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['__vdso_clock_gettime', '__vdso_gettimeofday', '__vdso_time', '__vdso_getcpu']),
  );
  for (const { offset, length } of functions) expect(offset + length).toBeLessThan(image.length);
});

test('without a table of symbols their number is what lies before the names', () => {
  const without = Buffer.from(image);
  const tags = [4n, 0x6fff_fef5n];
  for (let at = 0; at + 16 <= without.length; at += 8)
    if (tags.includes(without.readBigUInt64LE(at)) && without.readBigUInt64LE(at + 8) < BigInt(image.length))
      without.writeBigUInt64LE(0x7000_0000n, at);
  expect(vdsoFunctions(without)).toEqual(vdsoFunctions(image));
});

test('what is none is a RangeError, however it is damaged', () => {
  expect(() => vdsoFunctions(Buffer.alloc(4096, 0xff))).toThrow(RangeError);
  expect(() => vdsoFunctions(Buffer.alloc(0))).toThrow(RangeError);
  let seed = 1;
  const next = (): number => {
    seed = (seed * 48271) % 0x7fff_ffff;
    return seed;
  };
  for (let round = 0; round < 2000; round++) {
    const damaged = Buffer.from(image.subarray(0, round % 2 === 0 ? image.length : next() % image.length));
    for (let byte = 0; byte < 4 && damaged.length > 0; byte++)
      damaged[next() % Math.min(damaged.length, 1024)] = next() & 0xff;
    try {
      expect(vdsoFunctions(damaged).length).toBeLessThan(257);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  }
});
