import { EngineError } from '@criujs/engine-kit';
import { decodeImage, encodeImage } from '@criujs/images';
import { describe, expect, test } from 'vitest';
import type { TaskImage } from '../../engine/restore/read.ts';
import { seccompFlag, seccompMode } from '../../facts/seccomp.ts';
import { type SavedFilters, saveFilters } from './seccomp-chains.ts';
import { limitsOf, type ThreadLimits } from './seccomp-load.ts';
import { threadSteps } from './seccomp-threads.ts';

const program = (byte: number): Buffer => Buffer.alloc(8, byte);
const chain = (...bytes: number[]) => bytes.map((byte) => ({ program: program(byte), flags: byte }));

/** A process of the images whose threads name these filters; null: a thread without. */
function image(...firsts: (number | null)[]): TaskImage {
  const cores = firsts.map((first) => ({
    threadCore: first === null ? {} : { seccompMode: seccompMode.filter, seccompFilter: first },
  }));
  return { pid: 10, threads: firsts.map((_, at) => 10 + at), cores } as unknown as TaskImage;
}

function filtersIn(list: SavedFilters['list']) {
  const bytes = encodeImage('SECCOMP', [{ message: { seccompFilters: [...list] } }]);
  return decodeImage('SECCOMP', bytes)[0]?.message.seccompFilters ?? [];
}

describe('images of filters', () => {
  test('have the newest first, and the index of the oldest with each thread, as CRIU writes them', () => {
    const { list, ofThread } = saveFilters([
      { tid: 1, mode: seccompMode.filter, chain: chain(0, 2) },
      { tid: 2, mode: seccompMode.strict, chain: [] },
      { tid: 3, mode: seccompMode.filter, chain: chain(0, 2) },
      { tid: 4, mode: seccompMode.disabled, chain: [] },
    ]);
    expect(list).toEqual([
      { filter: program(2), flags: 2 },
      { filter: program(0), flags: 0, prev: 0 },
    ]);
    expect([1, 2, 3, 4].map(ofThread)).toEqual([
      { threadCore: { seccompMode: 2, seccompFilter: 1 } },
      { threadCore: { seccompMode: 1 } },
      { threadCore: { seccompMode: 2, seccompFilter: 1 } },
      {},
    ]);
    expect(limitsOf(image(1, null), filtersIn(list))).toEqual([
      { mode: 'filter', chain: [expect.objectContaining({ flags: 0 }), expect.objectContaining({ flags: 2 })] },
      { mode: 'none' },
    ]);
  });

  test('give the filters of the main thread to all threads where they say so', () => {
    const filters = filtersIn([{ filter: program(1), flags: seccompFlag.tsync }]);
    expect(limitsOf(image(0, null), filters).map(({ mode }) => mode)).toEqual(['filter', 'filter']);
    expect(() => limitsOf(image(0, 0), filters)).toThrow(/one has others/);
  });

  test.for<[string, SavedFilters['list'], RegExp]>([
    ['an index that is not there', [], /there is no filter 0/],
    ['a chain without an end', [{ filter: program(0), prev: 0 }], /have no end/],
    ['half an instruction', [{ filter: Buffer.alloc(12) }], /ends within an instruction/],
    ['no instruction', [{ filter: Buffer.alloc(0) }], /number of bytes/],
    ['more than the kernel takes', [{ filter: Buffer.alloc(8 * 4097) }], /number of bytes/],
    ['unknown flags', [{ filter: program(0), flags: 8 }], /unknown flags: 0x8/],
  ])('with %s are refused', ([, list, message]) => {
    const read = () => limitsOf(image(0), filtersIn(list));
    expect(read).toThrow(EngineError);
    expect(read).toThrow(message);
  });
});

describe('threads', () => {
  const limits = (...bytes: number[]): ThreadLimits =>
    bytes.length === 0
      ? { mode: 'none' }
      : { mode: 'filter', chain: bytes.map((byte) => ({ program: program(byte), flags: 0 })) };
  /** `1<0`: thread 0 clones 1; `1+`: thread 1 sets something. */
  const steps = (...all: ThreadLimits[]): string =>
    threadSteps(all, false)
      .map((step) => ('from' in step ? `${step.at}<${step.from}` : `${step.at}+`))
      .join(' ');

  test('without filters are cloned by the main thread', () => {
    expect(steps(limits(), limits(), limits())).toBe('1<0 2<0');
  });

  test('with the same filters are cloned by the one that has set them', () => {
    expect(steps(limits(1, 2), limits(1, 2), limits(1, 2))).toBe('0+ 0+ 1<0 2<0');
    expect(steps(limits(1), limits(1, 2), limits(1, 2), limits())).toBe('3<0 0+ 1<0 1+ 2<1');
    expect(steps({ mode: 'strict' }, limits(1), { mode: 'strict' })).toBe('1<0 1+ 0+ 2<0');
  });

  test('of an ordinary user give up new privileges first', () => {
    const [first] = threadSteps([limits(1)], true);
    expect(first && 'calls' in first ? first.calls.map(({ name }) => name) : []).toEqual(['prctl', 'seccomp']);
  });
});
