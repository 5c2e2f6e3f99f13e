import { closeFd, packetPair, receivePacket, sendPacket, trySyscall, watchReadable } from '@criujs/linux';
import { expect, onTestFinished, test } from 'vitest';

interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

function pair(): Pair {
  const both = packetPair();
  onTestFinished(() => {
    for (const fd of [both.ours, both.theirs]) closeFd(fd);
  });
  return both;
}

const shutBoth = 2;

/** Takes all that is there, and notes it. */
function takeAll(fd: number, taken: string[]): void {
  for (let packet = receivePacket(fd); packet.kind !== 'empty'; packet = receivePacket(fd)) {
    taken.push(packet.kind === 'packet' ? packet.bytes.toString() : packet.kind);
    if (packet.kind === 'end') return;
  }
}

test('calls back for what comes, again for more, and at the end', async () => {
  const { ours, theirs } = pair();
  const taken: string[] = [];
  const watch = watchReadable(ours, () => {
    takeAll(ours, taken);
    if (taken.at(-1) === 'end') watch.close();
  });
  sendPacket(theirs, Buffer.from('one'));
  sendPacket(theirs, Buffer.from('two'));
  await expect.poll(() => taken).toEqual(['one', 'two']);
  sendPacket(theirs, Buffer.from('three'));
  await expect.poll(() => taken).toEqual(['one', 'two', 'three']);
  trySyscall('shutdown', theirs, shutBoth);
  await watch.ended;
  expect(taken).toEqual(['one', 'two', 'three', 'end']);
});

test('ends when it is told to, with nothing to read, and leaves the descriptor open', async () => {
  const { ours, theirs } = pair();
  let called = 0;
  const watch = watchReadable(ours, () => {
    called += 1;
  });
  watch.close();
  await watch.ended;
  expect(called).toBe(0);
  sendPacket(theirs, Buffer.from('still here'));
  expect(receivePacket(ours)).toMatchObject({ kind: 'packet' });
});

test('calls back no faster than somebody takes', async () => {
  const { ours, theirs } = pair();
  const taken: string[] = [];
  let called = 0;
  const watch = watchReadable(ours, () => {
    called += 1;
    takeAll(ours, taken);
  });
  for (let at = 0; at < 50; at++) {
    sendPacket(theirs, Buffer.from(String(at)));
    await expect.poll(() => taken.length).toBe(at + 1);
  }
  expect(called).toBeLessThanOrEqual(50);
  watch.close();
  trySyscall('shutdown', theirs, shutBoth);
  await watch.ended;
});
