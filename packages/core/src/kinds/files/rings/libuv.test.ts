import { expect, test } from 'vitest';
import { libuvRing } from './libuv.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const counters = { entries: 256, completions: 512, count: 2, tail: 2, head: 2 };
const fds = [17];

/** What libuv keeps of a ring, in memory of this process's own: addresses, lengths, descriptor. */
function remembered(
  ring: { queues: number; submissions: number },
  ...rest: [...lengths: number[], fd: number]
): Buffer {
  const [fd = -1, ...lengths] = [rest.at(-1), ...rest.slice(0, -1)];
  const bytes = Buffer.alloc(4096);
  [ring.queues, ring.queues + 64, ring.submissions, ...lengths].forEach((word, at) => {
    bytes.writeBigUInt64LE(BigInt(word), at * 8);
  });
  bytes.writeInt32LE(fd, 56);
  return bytes;
}

onLinux('libuv tells of its rings whether they are indexed', () => {
  const plain = { queues: 0x7123_4567_0000, submissions: 0x7123_4567_8000 };
  const indexed = { queues: 0x7123_4568_0000, submissions: 0x7123_4568_8000 };
  const kept = [remembered(plain, 1024, 8256, 8256, 16_384, 17), remembered(indexed, 9280, 8256, 9280, 16_384, 17)];
  expect(libuvRing(process.pid, plain, fds, counters)).toEqual({ isIndexed: false });
  expect(libuvRing(process.pid, indexed, fds, counters)).toEqual({ isIndexed: true });
  expect(kept).toHaveLength(2);
});

onLinux('what only looks like it is none of its rings', () => {
  const wide = { queues: 0x7123_4569_0000, submissions: 0x7123_4569_8000 };
  const others = { queues: 0x7123_456a_0000, submissions: 0x7123_456a_8000 };
  const kept = [remembered(wide, 1024, 8256, 8256, 32_768, 17), remembered(others, 1024, 8256, 8256, 16_384, 18)];
  for (const ring of [wide, others]) expect(libuvRing(process.pid, ring, fds, counters)).toBeNull();
  expect(libuvRing(process.pid, { queues: 4096, submissions: 8192 }, fds, counters)).toBeNull();
  expect(kept).toHaveLength(2);
});
