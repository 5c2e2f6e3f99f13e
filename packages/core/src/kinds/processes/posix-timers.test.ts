import { CoreEntrySchema, create, MmEntrySchema, TaskCoreEntrySchema } from '@criujs/images';
import { arena, errno, readTimers, trySyscall } from '@criujs/linux';
import { describe, expect, test } from 'vitest';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ProcessImage, RestoredProcess } from './kind.ts';
import { canGiveIds, timerCalls } from './posix-timer-calls.ts';
import { posixTimers } from './posix-timers.ts';

const plain = { clockId: 1, siSigno: 34, itSigevNotify: 0, sivalPtr: 5n, overrun: 0 } as const;
const stopped = { isec: 0n, insec: 0n, vsec: 0n, vnsec: 0n } as const;
type Timer = Partial<Record<'itId' | 'clockId' | 'siSigno' | 'itSigevNotify' | 'overrun' | 'notifyThreadId', number>> &
  Partial<Record<'isec' | 'insec' | 'vsec' | 'vnsec', bigint>>;

function imageOf(...posix: Timer[]): ProcessImage {
  const zero = { isec: 0n, iusec: 0n, vsec: 0n, vusec: 0n };
  const timers = {
    real: zero,
    virt: zero,
    prof: zero,
    posix: posix.map((timer, itId) => ({ itId, ...plain, ...stopped, ...timer })),
  };
  return {
    state: 'alive',
    tc: create(TaskCoreEntrySchema, { timers }),
    mm: create(MmEntrySchema),
    leader: create(CoreEntrySchema),
    threads: [10, 11],
  };
}

/** Makes calls from here; bytes are copied as they are into a task. */
function make(calls: readonly TaskCall[]): number[] {
  return arena.scope(() =>
    calls.map(({ name, args }) => {
      const plainArgs = args.map((arg) => {
        if (typeof arg !== 'object') return arg;
        if (!(arg instanceof Uint8Array)) throw new TypeError(`${name} has bytes that point to others`);
        const block = arena.alloc(arg.length);
        block.bytes.set(arg);
        return block.address;
      });
      return trySyscall(name, ...plainArgs);
    }),
  );
}

const warnings: string[] = [];
const restored: RestoredProcess = {
  pid: 70,
  isOwners: false,
  recorded: null,
  groups: null,
  thread: (old) => ({ 10: 70, 11: 71 })[old],
  warn: (message) => void warnings.push(message),
};
const shortly = (image: ProcessImage, givesIds: boolean): string[] =>
  timerCalls(image, restored, givesIds).map(
    ({ name, args }) => `${name} ${args.filter((it) => typeof it === 'number')}`,
  );

describe('calls', () => {
  const image = imageOf({ itId: 3, vsec: 1n }, { itId: 1 });

  test('give each timer its id where the kernel takes it', () => {
    expect(shortly(image, true)).toEqual([
      'prctl 77,1,0,0,0',
      'timer_create 1',
      'timer_create 1',
      'prctl 77,0,0,0,0',
      'timer_settime 3,0,0',
    ]);
  });

  test('count up to it where it does not', () => {
    expect(shortly(image, false)).toEqual([
      'timer_create 1',
      'timer_delete 0',
      'timer_create 1',
      'timer_create 1',
      'timer_delete 2',
      'timer_create 1',
      'timer_settime 3,0,0',
    ]);
  });

  // Nothing in Node makes such a timer: this process counts from 0, too, as long as none got an id that it asked for.
  test.for([false, true])('do so in the kernel (it takes ids: %s)', (givesIds) => {
    const calls = timerCalls(image, restored, givesIds);
    if (givesIds && !canGiveIds()) return expect(make(calls)[0]).toBe(-errno.EINVAL);
    expect(make(calls).filter((result) => result < 0)).toEqual([]);
    expect(
      readTimers(process.pid)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([1, 3]);
    for (const id of [1, 3]) trySyscall('timer_delete', id);
  });

  test('measure the processor time of whoever a process and a thread are now', () => {
    const clocks = [~10 * 8 + 2, ~11 * 8 + 6, -6, -2];
    const calls = shortly(imageOf(...clocks.map((clockId) => ({ clockId: clockId >>> 0 }))), true);
    expect(calls.slice(1, 5)).toEqual([~70 * 8 + 2, ~71 * 8 + 6, -6, -2].map((clock) => `timer_create ${clock}`));
  });

  test('tell the thread that a thread is now, and warn of a count that is lost', () => {
    const calls = timerCalls(imageOf({ itSigevNotify: 4, notifyThreadId: 11, overrun: 3 }), restored, true);
    const event = calls.flatMap(({ name, args }) => (name === 'timer_create' ? [args[1]] : []))[0];
    expect(event).toBeInstanceOf(Buffer);
    expect((event as Buffer).readInt32LE(16)).toBe(71);
    expect(warnings).toEqual([expect.stringMatching(/POSIX timer 0 had expired 3 times without a notification/)]);
  });
});

describe('images are checked', () => {
  const refused: readonly (readonly [why: string, timers: readonly Timer[]])[] = [
    ['two POSIX timers have the id 4', [{ itId: 4 }, { itId: 4 }]],
    ['the signal of a POSIX timer is 65', [{ siSigno: 65 }]],
    ['the clock of a POSIX timer is 12', [{ clockId: 12 }]],
    ['the clock of a POSIX timer is -5', [{ clockId: -5 >>> 0 }]],
    ['notifies thread 12, which the process does not have', [{ itSigevNotify: 4, notifyThreadId: 12 }]],
    ['has an unknown way of notification: 9', [{ itSigevNotify: 9 }]],
    ['the rest of a POSIX timer in nanoseconds is 1000000000', [{ vnsec: 1_000_000_000n }]],
    ['the interval of a POSIX timer in seconds is 18446744073709551615', [{ isec: 2n ** 64n - 1n }]],
    ['the id of a POSIX timer is 2147483648', [{ itId: 2 ** 31 }]],
  ];
  test.each(refused)('%s', (why, timers) => {
    expect(() => posixTimers.check?.(imageOf(...timers), 'core-10.img')).toThrow(why);
  });

  test('and what tells nobody needs no signal', () => {
    expect(() => posixTimers.check?.(imageOf({ itSigevNotify: 1, siSigno: 0 }), 'core-10.img')).not.toThrow();
  });
});
