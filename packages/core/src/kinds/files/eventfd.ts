import { EngineError } from '@criujs/engine-kit';
import { arena, closeFd, syscall } from '@criujs/linux';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { SeenFile } from './held.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry } from './opening.ts';

/** EFD_SEMAPHORE of eventfd(2). An eventfd is always O_RDWR, so that this bit of its flags is free. */
const semaphore = 1;

/** The largest counter that the call that creates an eventfd takes. */
const largestInitial = 0xffff_ffffn;

/** Event counters: their value, and whether reading takes one or all. */
export const eventfd: FileKind = {
  name: 'event counter (eventfd)',
  describe: [{ subject: 'pipes and events', taken: ['eventfd'] }],
  type: fileTypes.EVENTFD,
  recognise: (file) => (file.link === 'anon_inode:[eventfd]' ? 'mine' : null),
  dump: ({ id, seen, owner }) => ({
    efd: { id, flags: seen.flags | semaphoreOf(seen), fown: owner, counter: seen.info.eventfdCount ?? 0n },
  }),
  matches: ({ type }) => type === fileTypes.EVENTFD,
  common: ({ efd }) => efd,
  load: () => ({ open: openEventfd }),
};

/** Since 6.5 Linux shows which kind of counter it is; before that it cannot be known. */
function semaphoreOf(file: SeenFile): number {
  return file.info.eventfdSemaphore === true ? semaphore : 0;
}

function openEventfd(entry: FileEntry): number {
  const { efd } = entry;
  if (efd === undefined) throw new EngineError('IMAGE_INVALID', `files.img: event counter ${entry.id} has no counter`);
  const flags = (efd.flags & openFlag.O_NONBLOCK) | (efd.flags & semaphore) | openFlag.O_CLOEXEC;
  if (efd.counter <= largestInitial) return syscall('eventfd2', Number(efd.counter), flags);
  const fd = syscall('eventfd2', 0, flags);
  try {
    writeCounter(fd, efd.counter);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw counterFailure(entry.id, efd.counter, error);
  }
}

function counterFailure(id: number, counter: bigint, cause: unknown): EngineError {
  return new EngineError('IMAGE_INVALID', `files.img: event counter ${id} cannot count ${counter}`, { cause });
}

function writeCounter(fd: number, counter: bigint): void {
  arena.scope(() => {
    const value = arena.alloc(8);
    value.view.setBigUint64(0, counter, true);
    syscall('write', fd, value.address, 8);
  });
}
