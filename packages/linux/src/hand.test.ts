import { closeSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { arena } from './arena.ts';
import { makePipe } from './descriptors/own.ts';
import { createHand, type Hand } from './hand.ts';
import { readStatus, readThreads } from './proc/read.ts';
import { trySyscall } from './syscall.ts';

function end(hand: Hand): void {
  while (!hand.wait(10));
}

test('a hand makes calls beside this thread and ends', () => {
  arena.scope(() => {
    const [read, write] = makePipe();
    const room = arena.alloc(64);
    const hand = createHand(4);
    const before = new Set(readThreads(process.pid));
    expect(
      hand.start([
        { call: ['read', read, room.address, 64], expect: 5 },
        { call: ['getpid'], expect: process.pid },
      ]),
    ).toBe(true);
    expect(hand.wait(5)).toBe(false);
    const [tid] = readThreads(process.pid).filter((it) => !before.has(it));
    expect(tid).toBeGreaterThan(0);
    expect(readStatus(tid as number).tgid).toBe(process.pid);
    writeSync(write, 'hello');
    end(hand);
    expect(hand.succeeded()).toBe(true);
    expect(room.bytes.toString('utf8', 0, 5)).toBe('hello');
    closeSync(read);
    closeSync(write);
  });
});

test('it stops at a call that fails, and every wrong answer shows', () => {
  arena.scope(() => {
    const hand = createHand(4);
    const page = arena.alloc(16);
    hand.start([
      { call: ['close', -1], expect: 0 },
      { call: ['getrandom', page.address, 16, 0], expect: 16 },
    ]);
    end(hand);
    expect(hand.succeeded()).toBe(false);
    expect(page.bytes.every((byte) => byte === 0)).toBe(true);
    hand.start([{ call: ['getpid'], expect: -1 }]);
    end(hand);
    expect(hand.succeeded()).toBe(false);
    hand.start([{ call: ['getppid'], expect: process.ppid }]);
    end(hand);
    expect(hand.succeeded()).toBe(true);
    expect(() => hand.start([])).toThrow(RangeError);
  });
});

test('it leaves the signal mask of this thread as it was', () => {
  arena.scope(() => {
    const mask = (): string => {
      const set = arena.alloc(8);
      trySyscall('rt_sigprocmask', 0, 0, set.address, 8);
      return set.bytes.toString('hex');
    };
    const before = mask();
    const hand = createHand(1);
    hand.start([{ call: ['getpid'], expect: process.pid }]);
    end(hand);
    expect(mask()).toBe(before);
  });
});
