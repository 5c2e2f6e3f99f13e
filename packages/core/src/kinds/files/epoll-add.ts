import { EngineError } from '@criujs/engine-kit';
import type { EventpollTfdEntry } from '@criujs/images';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { openFlag } from './flags.ts';
import type { FileEntry, Table, TaskTables } from './opening.ts';

/** EPOLL_CTL_ADD of epoll_ctl(2). */
const add = 1;
/** FD_CLOEXEC, as fdinfo images keep it. */
const closeOnExec = 1;

/** Every target is added once, by the first task that has both the epoll and the target. */
export function addTargets(entry: FileEntry, fd: number, { own, all, records }: TaskTables): TaskCall[] {
  const moved = new Map(records?.epollTargets?.flatMap((it) => (it.id === entry.id ? [[it.at, it.fd] as const] : [])));
  return (entry.epfd?.tfd ?? []).flatMap((target, at): TaskCall[] => {
    const adder = all.find((table) => placeOf(table, entry.id, target, all) !== undefined);
    if (adder === undefined) {
      throw new EngineError(
        'IMAGE_INVALID',
        `files.img: event poll ${entry.id} watches descriptor ${target.tfd}, which no process has`,
      );
    }
    const from = placeOf(own, entry.id, target, all);
    if (from === undefined || adder !== own || firstNumber(own, entry.id) !== fd) return [];
    const number = moved.get(at) ?? target.tfd;
    const what = `watch descriptor ${number} with the event poll at ${fd}`;
    const call: TaskCall = { name: 'epoll_ctl', args: [fd, add, number, event(target)], what };
    return number === from ? [call] : lending(own, from, number, call);
  });
}

/** The number at which a task that has the epoll holds the file of a target. */
function placeOf(
  table: Table,
  epollId: number,
  { id, tfd }: EventpollTfdEntry,
  all: readonly Table[],
): number | undefined {
  if (firstNumber(table, epollId) === undefined) return undefined;
  const held = table.get(tfd);
  // Images of CRIU know no id: there the number alone must do.
  const isKnown = id !== 0 && all.some((other) => firstNumber(other, id) !== undefined);
  if (!isKnown) return held && tfd;
  return held?.id === id ? tfd : undefined;
}

/** Makes a call while a number leads to the file that the task has at `from`. What is there waits elsewhere. */
function lending(own: Table, from: number, number: number, call: TaskCall): TaskCall[] {
  const move = (source: number, to: number, flags: number): TaskCall => ({
    name: 'dup3',
    args: [source, to, flags],
    what: call.what,
  });
  const close = (fd: number): TaskCall => ({ name: 'close', args: [fd], what: call.what });
  const there = own.get(number);
  if (there === undefined) return [move(from, number, 0), call, close(number)];
  let aside = 0;
  while (own.has(aside)) aside++;
  const flags = there.flags & closeOnExec ? openFlag.O_CLOEXEC : 0;
  return [move(number, aside, 0), move(from, number, 0), call, move(aside, number, flags), close(aside)];
}

function firstNumber(table: Table, id: number): number | undefined {
  for (const [fd, entry] of table) if (entry.id === id) return fd;
  return undefined;
}

/** `struct epoll_event`, which is packed on x86-64: events, then data. */
function event(target: EventpollTfdEntry): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, target.events, true);
  view.setBigUint64(4, target.data, true);
  return bytes;
}
