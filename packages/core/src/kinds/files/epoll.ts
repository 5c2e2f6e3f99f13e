import { EngineError } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import type { EventpollTfdEntry } from '@criujs/images';
import { arena, type EpollTarget, errnoName, setFlags, syscall, trySyscall } from '@criujs/linux';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type {
  DumpContext,
  FileEntry,
  FileKind,
  FilePayload,
  Holder,
  OpenFile,
  Problem,
  Table,
  TaskTables,
} from './kind.ts';

/** EPOLL_CTL_ADD of epoll_ctl(2), and KCMP_EPOLL_TFD of kcmp(2). */
const add = 1;
const compareTarget = 7;

/** What waits for events, and what it watches: the targets keep the numbers under which they were added. */
export const epoll: FileKind = {
  name: 'event poll (epoll)',
  describe: [{ subject: 'pipes and events', taken: ['epoll'] }],
  type: fileTypes.EVENTPOLL,
  recognise: (file) => (file.link === 'anon_inode:[eventpoll]' ? 'mine' : null),
  dump: dumpEpoll,
  matches: ({ type }) => type === fileTypes.EVENTPOLL,
  common: ({ epfd }) => epfd,
  load: () => ({ open: openEpoll }),
  afterTasks: addTargets,
};

function dumpEpoll({ id, seen, holders, owner }: OpenFile, context: DumpContext): FilePayload | Problem {
  const targets = seen.info.epoll ?? [];
  const tfd = [];
  for (const [at, target] of targets.entries()) {
    const nth = targets.slice(0, at).filter((earlier) => earlier.fd === target.fd).length;
    const watcher = holders.find((holder) => watches(holder, target, nth, context));
    if (watcher === undefined) return lost(target);
    // CRIU leaves this id at 0; ours says which file it is, for trees where one number means several files.
    tfd.push({ ...targetEntry(target), id: context.idOf({ pid: watcher.pid, fd: target.fd }) ?? 0 });
  }
  return { epfd: { id, flags: seen.flags, fown: owner, tfd } };
}

function targetEntry({
  fd,
  events,
  data,
  position,
  inode,
  device,
}: EpollTarget): Omit<EventpollTfdEntry, `$${string}` | 'id'> {
  return { tfd: fd, events, data, dev: device, inode: BigInt(inode), pos: BigInt.asUintN(64, position) };
}

/** Whether the file that is watched under this number is the one that the process has there. */
function watches(epoll: Holder, target: EpollTarget, nth: number, context: DumpContext): boolean {
  if (context.idOf({ pid: epoll.pid, fd: target.fd }) === undefined) return false;
  const result = arena.scope(() => {
    const slot = arena.alloc(12);
    for (const [at, value] of [epoll.fd, target.fd, nth].entries()) slot.view.setUint32(at * 4, value, true);
    return trySyscall('kcmp', epoll.pid, epoll.pid, compareTarget, target.fd, slot.address);
  });
  if (result >= 0) return result === 0;
  if (result === -2) return false;
  throw new EngineError(
    'KERNEL',
    `cannot compare what descriptor ${epoll.fd} of ${epoll.pid} watches: ${errnoName(-result)}`,
    {
      pid: epoll.pid,
      remedy: 'Use a kernel and a system call filter that allow kcmp(2).',
    },
  );
}

function lost(target: EpollTarget): Problem {
  return {
    file: epoll.name,
    why: `it watches a file that was added as descriptor ${target.fd}, and no process that has it holds that file there any more`,
    remedy: 'Let the program remove a descriptor from the set (EPOLL_CTL_DEL) before it closes it.',
  };
}

function openEpoll({ id, epfd }: FileEntry): number {
  if (epfd === undefined) throw new EngineError('IMAGE_INVALID', `files.img: event poll ${id} says nothing of itself`);
  const fd = syscall('epoll_create1', openFlag.O_CLOEXEC);
  setFlags(fd, epfd.flags & statusFlags);
  return fd;
}

/** Every target is added once, by the first task that has both the epoll and the target at its number. */
function addTargets(entry: FileEntry, fd: number, { own, all }: TaskTables): TaskCall[] {
  const targets = entry.epfd?.tfd ?? [];
  return targets.flatMap((target): TaskCall[] => {
    const adder = all.find((table) => canAdd(table, entry.id, target, all));
    if (adder === undefined) {
      throw new EngineError(
        'IMAGE_INVALID',
        `files.img: event poll ${entry.id} watches descriptor ${target.tfd}, which no process has`,
      );
    }
    if (adder !== own || firstNumber(own, entry.id) !== fd) return [];
    const what = `watch descriptor ${target.tfd} with the event poll at ${fd}`;
    return [{ name: 'epoll_ctl', args: [fd, add, target.tfd, event(target)], what }];
  });
}

function canAdd(table: Table, epollId: number, target: EventpollTfdEntry, all: readonly Table[]): boolean {
  const held = table.get(target.tfd);
  if (held === undefined || firstNumber(table, epollId) === undefined) return false;
  // Images of CRIU know no id: there the number alone must do.
  const isKnown = target.id !== 0 && all.some((other) => other.get(target.tfd)?.id === target.id);
  return !isKnown || held.id === target.id;
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
