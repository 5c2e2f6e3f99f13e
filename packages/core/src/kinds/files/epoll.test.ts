import type { Records } from '@criujs/engine-kit';
import { create, FdinfoEntrySchema, FdTypes, FileEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { epoll } from './epoll.ts';
import type { FileEntry, Table } from './opening.ts';

/** A table of numbers and file ids. */
function table(...rows: [fd: number, id: number][]): Table {
  return new Map(
    rows.map(([fd, id]) => [fd, create(FdinfoEntrySchema, { fd, id, type: FdTypes.EVENTFD, flags: 0 })] as const),
  );
}

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
const poll = (...tfd: { id: number; tfd: number; events: number; data: bigint }[]): FileEntry =>
  create(FileEntrySchema, { type: FdTypes.EVENTPOLL, id: 1, epfd: { id: 1, flags: 2, fown, tfd } }) as FileEntry;

function calls(entry: FileEntry, fd: number, own: Table, all: Table[]): readonly TaskCall[] {
  return epoll.afterTasks?.(entry, fd, { own, all, records: null }) ?? [];
}

test('a target is added by its number, with its events and data', () => {
  const own = table([3, 1], [5, 2]);
  const entry = poll({ id: 2, tfd: 5, events: 0x8000_0019, data: 0x1234_5678_9abc_def0n });
  const [call, ...others] = calls(entry, 3, own, [own]);
  expect(others).toEqual([]);
  expect(call).toMatchObject({ name: 'epoll_ctl', args: [3, 1, 5, expect.any(Uint8Array)] });
  expect(Buffer.from(call?.args[3] as Uint8Array).toString('hex')).toBe('19000080f0debc9a78563412');
});

test('a shared epoll gets each target once, from the task where that number is that file', () => {
  const parent = table([3, 1], [4, 1], [5, 9]);
  const child = table([3, 1], [5, 2]);
  const entry = poll({ id: 2, tfd: 5, events: 1, data: 0n }, { id: 9, tfd: 5, events: 1, data: 1n });
  const [first, second] = [calls(entry, 3, parent, [parent, child]), calls(entry, 3, child, [parent, child])];
  expect([first.length, second.length]).toEqual([1, 1]);
  expect(Buffer.from(first[0]?.args[3] as Uint8Array)[4]).toBe(1);
  expect(calls(entry, 4, parent, [parent, child])).toEqual([]);
});

test('images of CRIU, which leave the id at 0, go by the number alone', () => {
  const own = table([3, 1], [5, 2]);
  expect(calls(poll({ id: 0, tfd: 5, events: 1, data: 0n }), 3, own, [own])).toHaveLength(1);
});

test('a target that no process has is refused', () => {
  const own = table([3, 1]);
  expect(() => calls(poll({ id: 2, tfd: 5, events: 1, data: 0n }), 3, own, [own])).toThrow(/which no process has/);
});

/** What criujs.json says of targets that were added under other numbers. */
function recording(...epollTargets: { id: number; at: number; fd: number }[]): Records {
  return { externals: [], sockets: [], tasks: [], inodes: [], plugins: [], epollTargets };
}

test('a target whose number was closed is added under it, and one whose number is used again while that waits elsewhere', () => {
  const own = table([0, 9], [3, 1], [5, 2], [7, 6]);
  const entry = poll({ id: 2, tfd: 5, events: 1, data: 0n }, { id: 2, tfd: 5, events: 1, data: 1n });
  const records = recording({ id: 1, at: 0, fd: 90 }, { id: 1, at: 1, fd: 7 }, { id: 8, at: 0, fd: 4 });
  const made = epoll.afterTasks?.(entry, 3, { own, all: [own], records }) ?? [];
  expect(made.map(({ name, args }) => [name, ...args.filter((arg) => typeof arg === 'number')].join(' '))).toEqual([
    'dup3 5 90 0',
    'epoll_ctl 3 1 90',
    'close 90',
    'dup3 7 1 0',
    'dup3 5 7 0',
    'epoll_ctl 3 1 7',
    'dup3 1 7 0',
    'close 1',
  ]);
});
