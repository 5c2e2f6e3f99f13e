import { closeFd, packetPair, sendPacket } from '@criujs/linux';
import { expect, onTestFinished, test } from 'vitest';
import { encode } from './codec.ts';
import { createHub, type Expects, type Handlers, type Hub } from './hub.ts';

// Of a handler that works: nothing more is taken from its connection meanwhile, and everybody else has their turn.

interface Caller {
  say(...levels: readonly number[]): void;
}

function connect(hub: Hub): Caller {
  const { ours, theirs } = packetPair();
  hub.add(ours);
  onTestFinished(() => closeFd(theirs));
  return {
    say(...levels) {
      for (const level of levels) sendPacket(theirs, encode({ type: 'LOG', level, text: 'hello' }));
    },
  };
}

function open(onMessage: Handlers['onMessage']): Hub {
  const hub = createHub({ onMessage, onEnd: () => {} });
  onTestFinished(() => hub.close());
  return hub;
}

const levelOf = ({ message }: Parameters<Handlers['onMessage']>[1]): number =>
  message.type === 'LOG' ? message.level : -1;

test('what comes while a handler works on a message of the same connection waits; others do not', async () => {
  const taken: number[] = [];
  const finish: (() => void)[] = [];
  const hub = open((_, received) => {
    taken.push(levelOf(received));
    return new Promise((resolve) => finish.push(() => resolve('a-ring')));
  });
  const [one, other] = [connect(hub), connect(hub)];
  one.say(1, 2);
  hub.drain();
  expect(taken).toEqual([1]);
  other.say(3);
  hub.drain();
  expect(taken).toEqual([1, 3]);
  let isIdle = false;
  const idle = hub.idle().then(() => {
    isIdle = true;
  });
  finish[0]?.();
  await expect.poll(() => taken).toEqual([1, 3, 2]);
  finish[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isIdle).toBe(false);
  finish[2]?.();
  await idle;
  one.say(4);
  hub.drain();
  expect(taken).toEqual([1, 3, 2, 4]);
});

test('a handler that expects more at once gets it without a ring', async () => {
  const taken: number[] = [];
  const hub = open(async (_, received): Promise<Expects> => {
    taken.push(levelOf(received));
    // As whoever asked would, upon the answer.
    if (taken.length < 10) caller.say(taken.length + 1);
    return 'at-once';
  });
  const caller = connect(hub);
  caller.say(1);
  hub.drain();
  await expect.poll(() => taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('many messages leave the event loop its turns', async () => {
  let taken = 0;
  const hub = open(async (): Promise<Expects> => {
    taken += 1;
    return 'a-ring';
  });
  const caller = connect(hub);
  caller.say(...Array.from({ length: 200 }, (_, at) => at));
  hub.drain();
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(200);
  await hub.idle();
  expect(taken).toBe(200);
});

test('a hub that is closed takes nothing more, and settles when its handlers do', async () => {
  let finish = (): void => undefined;
  const hub = open(() => {
    return new Promise((resolve) => {
      finish = () => resolve('a-ring');
    });
  });
  const caller = connect(hub);
  caller.say(1, 2);
  hub.drain();
  hub.close();
  const idle = hub.idle();
  finish();
  await idle;
});
