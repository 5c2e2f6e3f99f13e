import { arena, errno, trySyscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import { search } from './restartable-sequences.ts';

// The search asks the kernel of this machine about the thread that runs the test: it answers like an old one.

/** ARCH_GET_FS. arch_prctl(2) */
const getFs = 0x1003;

const { glibcVersionRuntime: glibc } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
  .header;

const at = 4096;
const area = { reserve: () => at };
const thread = (pointer: bigint) => ({ tid: 7, registers: { get: () => pointer } });

test('finds the area that the C library has registered, and leaves the registration as it was', () => {
  arena.scope(() => {
    const [fs, ours] = [arena.alloc(8), arena.alloc(64)];
    trySyscall('arch_prctl', getFs, fs.address);
    const { calls, answer } = search({ reserve: () => ours.address }, thread(fs.view.getBigUint64(0, true)));
    const run = () =>
      answer(
        calls.map(([name, ...args]) => trySyscall(name, ...args)),
        () => Buffer.alloc(0),
      );
    const found = run();
    expect(run()).toEqual(found);
    // glibc registers them since 2.35; other C libraries do not.
    const registers = Number(glibc?.split('.')[1] ?? 0) >= 35;
    expect(found.threadCore?.rseqEntry?.rseqAbiPointer).toEqual(registers ? expect.any(BigInt) : undefined);
    expect(found.refused).toBeUndefined();
  });
});

test('what is registered where nobody looks is refused by name', () => {
  const { calls, answer } = search(area, thread(0x10_0000n));
  const results = calls.map(() => -errno.EINVAL);
  expect(answer(results, () => Buffer.alloc(0))).toEqual({
    refused: [
      {
        resource: 'restartable sequences',
        why: expect.stringContaining('thread 7'),
        remedy: expect.stringContaining('5.13'),
      },
    ],
  });
});

test('where nothing is registered, the area of the search is taken back', () => {
  const { calls, answer } = search(area, thread(0x10_0000n));
  expect([calls[0], calls.at(-1)]).toEqual([
    ['rseq', at, 32, 0, 0x5305_3053],
    ['rseq', at, 32, 1, 0x5305_3053],
  ]);
  expect(
    answer(
      calls.map((_, index) => (index === 0 || index === calls.length - 1 ? 0 : -errno.EINVAL)),
      () => Buffer.alloc(0),
    ),
  ).toEqual({});
});
