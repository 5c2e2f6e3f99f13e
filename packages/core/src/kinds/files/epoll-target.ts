import { EngineError } from '@criujs/engine-kit';
import { arena, type EpollTarget, errnoName, trySyscall } from '@criujs/linux';
import type { DumpContext } from './dumping.ts';
import { kernelDevice } from './ghost-image.ts';
import type { Holder, SeenFile } from './held.ts';

/** KCMP_EPOLL_TFD of kcmp(2). */
const compareTarget = 7;

/**
 * Where a process that has an epoll holds the file of a target: under the number that it was added as, or, when that was closed or used
 * again, under another. null: nowhere.
 * @param nth which of the targets with this number
 */
export function findTarget(
  holders: readonly Holder[],
  target: EpollTarget,
  nth: number,
  { tree, idOf }: DumpContext,
): { readonly fd: number; readonly id: number } | null {
  for (const { pid, fd: epoll } of holders) {
    const id = idOf({ pid, fd: target.fd });
    if (id !== undefined && isTarget({ pid, fd: epoll }, target.fd, target, nth)) return { fd: target.fd, id };
  }
  for (const epoll of holders) {
    const held = tree.all.find(
      (it) => it.pid === epoll.pid && isInode(it, target) && isTarget(epoll, it.fd, target, nth),
    );
    const id = held && idOf(held);
    if (held !== undefined && id !== undefined) return { fd: held.fd, id };
  }
  return null;
}

function isInode({ stat: { ino, dev } }: SeenFile, { inode, device }: EpollTarget): boolean {
  return Number(ino) === inode && kernelDevice(dev) === device;
}

/** Whether what is watched under a number is the file that the process has at `fd`. */
function isTarget(epoll: Holder, fd: number, target: EpollTarget, nth: number): boolean {
  const result = arena.scope(() => {
    const slot = arena.alloc(12);
    for (const [at, value] of [epoll.fd, target.fd, nth].entries()) slot.view.setUint32(at * 4, value, true);
    return trySyscall('kcmp', epoll.pid, epoll.pid, compareTarget, fd, slot.address);
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
