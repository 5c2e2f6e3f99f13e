import { EngineError } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import type { EventpollTfdEntry } from '@criujs/images';
import { arena, type EpollTarget, readFdinfo, setFlags, syscall, trySyscall } from '@criujs/linux';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { addTargets } from './epoll-add.ts';
import { findTarget } from './epoll-target.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { Problem } from './held.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';

/** EPOLLWAKEUP and EPOLLONESHOT, and all that are no events. epoll_ctl(2) */
const mark = { wakeUp: 0x2000_0000, oneShot: 0x4000_0000, all: 0xf000_0000 } as const;
/** EPIOCGPARAMS, since Linux 6.9, and the size of its `struct epoll_params`. ioctl_eventpoll(2) */
const getParameters = 0x8008_8a02;
const parametersSize = 8;

/** What waits for events, and what it watches: the targets keep the numbers under which they were added. */
export const epoll: FileKind = {
  name: 'event poll (epoll)',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['epoll (nested, and over descriptors that were closed while others of the file are open)'],
    },
  ],
  type: fileTypes.EVENTPOLL,
  recognise: (file) => (file.link === 'anon_inode:[eventpoll]' ? 'mine' : null),
  dump: dumpEpoll,
  matches: ({ type }) => type === fileTypes.EVENTPOLL,
  common: ({ epfd }) => epfd,
  load,
  afterTasks: addTargets,
};

function dumpEpoll({ id, seen, holders, owner, fd }: OpenFile, context: DumpContext): FilePayload | Problem {
  if (pollsDevices(fd))
    return {
      file: epoll.name,
      why: 'it polls network devices itself (EPIOCSPARAMS), which is not supported yet',
      remedy: 'Let the program turn that off before the dump.',
    };
  const targets = seen.info.epoll ?? [];
  const tfd = [];
  for (const [at, target] of targets.entries()) {
    const nth = targets.slice(0, at).filter((earlier) => earlier.fd === target.fd).length;
    const found = findTarget(holders, target, nth, context);
    if (found === null) return lost(target);
    // CRIU knows no target under a number that is another file by now: to it, it has the number that leads to its file.
    if (found.fd !== target.fd) context.records.epollTargets.push({ id, at, fd: target.fd });
    // CRIU leaves this id at 0; ours says which file it is, for trees where one number means several files.
    tfd.push({ ...targetEntry(target), tfd: found.fd, id: found.id });
  }
  return { epfd: { id, flags: seen.flags, fown: owner, tfd } };
}

function pollsDevices(fd: number): boolean {
  return arena.scope(() => {
    const parameters = arena.alloc(parametersSize);
    return (
      trySyscall('ioctl', fd, getParameters, parameters.address) >= 0 && parameters.bytes.some((byte) => byte !== 0)
    );
  });
}

function targetEntry({
  events,
  data,
  position,
  inode,
  device,
}: EpollTarget): Omit<EventpollTfdEntry, `$${string}` | 'id' | 'tfd'> {
  return { events, data, dev: device, inode: BigInt(inode), pos: BigInt.asUintN(64, position) };
}

function lost(target: EpollTarget): Problem {
  return {
    file: epoll.name,
    why: `it watches a file that was added as descriptor ${target.fd}, and no process that has it holds that file any more`,
    remedy: 'Let the program remove a descriptor from the set (EPOLL_CTL_DEL) before it closes it.',
  };
}

function load({ entries, session }: LoadContext): Opener {
  for (const { id, epfd } of entries) {
    const silent = epfd?.tfd.filter(({ events }) => events & mark.oneShot && (events & ~mark.all) === 0).length ?? 0;
    if (silent > 0)
      session.warn(
        `file ${id} (epoll): ${silent} descriptors that had been reported once (EPOLLONESHOT) report errors and hang-ups again`,
      );
  }
  return {
    open: openEpoll,
    start({ id, epfd }, fd) {
      const wakes = (targets: readonly { readonly events: number }[]): number =>
        targets.filter(({ events }) => events & mark.wakeUp).length;
      const missing = wakes(epfd?.tfd ?? []) - wakes(readFdinfo(process.pid, fd).epoll ?? []);
      if (missing > 0)
        session.warn(`file ${id} (epoll): ${missing} descriptors do not keep the machine awake any more (EPOLLWAKEUP)`);
    },
  };
}

function openEpoll({ id, epfd }: FileEntry): number {
  if (epfd === undefined) throw new EngineError('IMAGE_INVALID', `files.img: event poll ${id} says nothing of itself`);
  const fd = syscall('epoll_create1', openFlag.O_CLOEXEC);
  setFlags(fd, epfd.flags & statusFlags);
  return fd;
}
