import type { FileOwner } from '@criujs/engine-kit/externals';
import { ownerTypes } from '@criujs/engine-kit/externals';
import { arena, errnoName, readStat, readThreads, syscall, trySyscall, unlessGone } from '@criujs/linux';
import { openFlag } from './flags.ts';
import type { SeenFile } from './held.ts';

/** F_SETOWN, F_SETSIG, F_GETSIG, F_SETOWN_EX, F_GETOWN_EX and F_GETOWNER_UIDS. fcntl(2). */
export const fcntlOwner = {
  setPlainOwner: 8,
  setSignal: 10,
  getSignal: 11,
  setOwner: 15,
  getOwner: 16,
  getOwnerUsers: 17,
} as const;

/** setresuid(2) leaves what is -1. */
const unchanged = -1;

export const nobody: FileOwner = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };

/** Who gets the signals of an open file. `fd` is a descriptor of our own. */
export function readOwner(fd: number, file: SeenFile): FileOwner {
  if (file.flags & openFlag.O_PATH) return nobody;
  const signum = Math.max(0, trySyscall('fcntl', fd, fcntlOwner.getSignal));
  return arena.scope(() => {
    const owner = arena.alloc(8);
    if (trySyscall('fcntl', fd, fcntlOwner.getOwner, owner.address) < 0) return { ...nobody, signum };
    const [pidType, pid] = [owner.view.getInt32(0, true), owner.view.getInt32(4, true)];
    if (pid === 0) return { ...nobody, signum };
    return { ...ownerUsers(fd), signum, pidType, pid };
  });
}

/** The users that count when the signal is sent; our own on a kernel that does not tell (no CHECKPOINT_RESTORE). */
function ownerUsers(fd: number): { uid: number; euid: number } {
  const users = arena.alloc(8);
  if (trySyscall('fcntl', fd, fcntlOwner.getOwnerUsers, users.address) < 0) return ourUsers();
  return { uid: users.view.getUint32(0, true), euid: users.view.getUint32(4, true) };
}

/** Whether a process of the tree, or a group with one of it, gets the signals: others cannot be found again at restore. */
export function isOwnerInside({ pid, pidType }: FileOwner, pids: readonly number[]): boolean {
  const type = ownerTypes[pidType];
  if (type === 'thread')
    return pids.some((process) => unlessGone<number[]>(() => readThreads(process), []).includes(pid));
  if (type === 'group') return pids.some((process) => unlessGone(() => readStat(process).pgrp, 0) === pid);
  return pids.includes(pid);
}

/** Has the signals of an open file go to nobody. */
export function disown(fd: number): void {
  syscall('fcntl', fd, fcntlOwner.setPlainOwner, 0);
}

/** Sets signal and owner again. Answers what did not work, for a warning, or null. */
export function restoreOwner(fd: number, owner: FileOwner, pids: (old: number) => number): string | null {
  if (owner.signum !== 0) {
    const result = trySyscall('fcntl', fd, fcntlOwner.setSignal, owner.signum);
    if (result < 0) return `its signal ${owner.signum} cannot be set (${errnoName(-result)})`;
  }
  if (owner.pid === 0) return null;
  const pid = pids(owner.pid);
  const result = asUsers(owner, () =>
    arena.scope(() => {
      const block = arena.alloc(8);
      block.view.setInt32(0, owner.pidType, true);
      block.view.setInt32(4, pid, true);
      return trySyscall('fcntl', fd, fcntlOwner.setOwner, block.address);
    }),
  );
  return result < 0 ? `its signals cannot go to process ${owner.pid} any more (${errnoName(-result)})` : null;
}

/** The kernel notes who sets an owner: this thread becomes those users for one call. The raw call changes one thread only. */
function asUsers(owner: FileOwner, body: () => number): number {
  const ours = ourUsers();
  if (owner.uid === ours.uid && owner.euid === ours.euid) return body();
  if (trySyscall('setresuid', owner.uid, owner.euid, unchanged) < 0) return body();
  try {
    return body();
  } finally {
    syscall('setresuid', ours.uid, ours.euid, unchanged);
  }
}

function ourUsers(): { uid: number; euid: number } {
  return { uid: process.getuid?.() ?? 0, euid: process.geteuid?.() ?? 0 };
}
