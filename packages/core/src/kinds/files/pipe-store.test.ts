import { closeSync, readSync, writeSync } from 'node:fs';
import { getFlags, makePipe, sameFile, setFlags } from '@criujs/linux';
import { expect, test } from 'vitest';
import { openFlag } from './flags.ts';
import { isOtherEndClosed, type PipeContent, peekPipe } from './pipe-content.ts';
import { createPipeStore } from './pipe-store.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const { O_WRONLY, O_NONBLOCK, O_RDWR, O_LARGEFILE, O_DIRECT } = openFlag;
const noWarning = (message: string): never => {
  throw new Error(message);
};

function stream(size: number, data: Uint8Array): PipeContent {
  return { size, data, packets: null };
}

function read(fd: number): string {
  const bytes = Buffer.alloc(100);
  return bytes.subarray(0, readSync(fd, bytes)).toString();
}

onLinux('looking into a pipe consumes nothing', () => {
  const [readEnd, writeEnd] = makePipe();
  writeSync(writeEnd, 'waiting');
  for (const _ of [1, 2]) {
    const { size, data } = peekPipe(readEnd, 'pipe 1', false);
    expect([size, Buffer.from(data).toString()]).toEqual([65_536, 'waiting']);
  }
  expect(read(readEnd)).toBe('waiting');
  expect(peekPipe(readEnd, 'pipe 1', false).data).toHaveLength(0);
  closeSync(readEnd);
  closeSync(writeEnd);
});

onLinux('a full pipe of another size is seen whole', () => {
  const store = createPipeStore(new Map([[1, stream(1_048_576, Buffer.alloc(1_000_000, 'x'))]]), noWarning);
  const fd = store.open(1, 0);
  const { size, data } = peekPipe(fd, 'pipe 1', false);
  expect([size, data.length, data.every((byte) => byte === 0x78)]).toEqual([1_048_576, 1_000_000, true]);
  store.close();
  closeSync(fd);
});

onLinux('whether the other end is closed is seen from either end', () => {
  const [a, b] = [makePipe(), makePipe()];
  expect([a[0], a[1]].map(isOtherEndClosed)).toEqual([false, false]);
  closeSync(a[0]);
  closeSync(b[1]);
  expect([a[1], b[0]].map(isOtherEndClosed)).toEqual([true, true]);
  closeSync(a[1]);
  closeSync(b[0]);
});

onLinux('a pipe is made once; each end has its own flags; content waits in it', () => {
  const store = createPipeStore(new Map([[7, stream(4096, Buffer.from('kept'))]]), noWarning);
  const ends = [0, O_NONBLOCK | O_LARGEFILE, O_WRONLY, O_WRONLY | O_NONBLOCK, O_RDWR | O_LARGEFILE].map((flags) =>
    store.open(7, flags),
  ) as [number, number, number, number, number];
  store.close();
  expect(sameFile(process.pid, ends[0], process.pid, ends[1])).toBe(false);
  expect(ends.map(getFlags).map((flags) => flags & ~O_LARGEFILE)).toEqual([
    0,
    O_NONBLOCK,
    O_WRONLY,
    O_WRONLY | O_NONBLOCK,
    O_RDWR,
  ]);
  expect(getFlags(ends[0])).toBe(0);
  writeSync(ends[3], ' and more');
  expect(read(ends[1])).toBe('kept and more');
  for (const fd of ends) closeSync(fd);
});

onLinux('ends that nobody has are closed: a reader sees the end after the content', () => {
  const store = createPipeStore(new Map([[7, stream(65_536, Buffer.from('last'))]]), noWarning);
  const fd = store.open(7, 0);
  store.close();
  expect([read(fd), read(fd)]).toEqual(['last', '']);
  closeSync(fd);
});

onLinux('more content than a pipe takes is refused and leaves nothing open', () => {
  const store = createPipeStore(new Map([[7, stream(4096, Buffer.alloc(100_000))]]), noWarning);
  expect(() => store.open(7, 0)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
  store.close();
});

onLinux('packets keep their borders, also where the pipe makes a stream of what is written by now', () => {
  const store = createPipeStore(
    new Map([[7, { size: 65_536, data: Buffer.from('onetwo!'), packets: [3, 3, 1] }]]),
    noWarning,
  );
  const [readEnd, writeEnd] = [store.open(7, O_NONBLOCK), store.open(7, O_WRONLY)];
  store.close();
  for (const inPackets of [true, false])
    expect(peekPipe(readEnd, 'pipe 7', inPackets)).toMatchObject({ packets: [3, 3, 1] });
  expect(getFlags(writeEnd) & O_DIRECT).toBe(0);
  expect([read(readEnd), read(readEnd), read(readEnd)]).toEqual(['one', 'two', '!']);
  closeSync(readEnd);
  closeSync(writeEnd);
});

onLinux('packets behind a stream are refused: where that ends cannot be told', () => {
  const [readEnd, writeEnd] = makePipe();
  writeSync(writeEnd, 'stream');
  setFlags(writeEnd, O_DIRECT);
  writeSync(writeEnd, 'packet');
  expect(() => peekPipe(readEnd, 'pipe 1', true)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  closeSync(readEnd);
  closeSync(writeEnd);
});
