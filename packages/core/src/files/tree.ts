import { fstatSync } from 'node:fs';
import { EngineError, type EngineOptions } from '@criujs/engine-kit';
import { errno, LinuxError, pidfdGetfd, type UnixSocket, unixSockets } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import { accessOf } from '../kinds/files/flags.ts';
import type { Holder, SeenFile, Tree } from '../kinds/files/held.ts';
import { isOtherEndClosed } from '../kinds/files/pipe-content.ts';
import { closeLent } from '../kinds/files/plugin-descriptor.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { errorCode } from '../kinds/files/seen.ts';
import { inodeOfLink } from '../kinds/files/sockets.ts';
import { recogniseHeld } from '../kinds/files/table.ts';

/** Which ends of a pipe the tree holds. */
interface PipeEnds {
  read: boolean;
  write: boolean;
}

/** What looking at a tree needs beside its descriptors. */
interface TreeContext {
  readonly processes: readonly { readonly pid: number }[];
  readonly hooks: { serves(hook: HookName): boolean };
  readonly options: EngineOptions<'dump'>;
  /** A descriptor of a process. */
  pidfdOf(pid: number): number;
  /** The processes run: another file may have a number by now. */
  readonly runs?: boolean;
}

/** All descriptors of the tree together. */
export function createTree(
  files: readonly SeenFile[],
  { processes, hooks, options, pidfdOf, runs = false }: TreeContext,
): Tree {
  const sockets = socketInodes(files);
  const pipes = pipeEnds(files);
  const openOutside = new Map<number, boolean>();
  let known: ReadonlyMap<number, UnixSocket> | undefined;
  let listeners: ReadonlyMap<number, UnixSocket> | undefined;

  function unix(): ReadonlyMap<number, UnixSocket> {
    known ??= new Map(allUnixSockets().map((socket) => [socket.inode, socket]));
    return known;
  }

  function borrowLater<T>(file: Holder, use: (fd: () => number) => T): T {
    let fd: number | undefined;
    try {
      return use(() => {
        fd ??= getfd(pidfdOf(file.pid), file);
        if (runs && !isStill(file, fd)) throw new LinuxError('pidfd_getfd', errno.EBADF);
        return fd;
      });
    } finally {
      if (fd !== undefined) closeLent(fd);
    }
  }

  function borrow<T>(file: Holder, use: (fd: number) => T): T {
    return borrowLater(file, (fd) => use(fd()));
  }

  return {
    pids: processes.map(({ pid }) => pid),
    all: files,
    serves: (hook) => hooks.serves(hook),
    options,
    unixSocket: (inode) => unix().get(inode),
    listenerOf(inode) {
      listeners ??= new Map(
        [...unix().values()].flatMap((socket) => socket.pending.map((client) => [client, socket] as const)),
      );
      return listeners.get(inode);
    },
    holdsSocket: (inode) => sockets.has(inode),
    isPipeOpenOutside(file) {
      const inode = inodeOfLink(file.link, 'pipe') ?? 0;
      const ends = pipes.get(inode);
      if (ends?.read && ends.write) return false;
      const isOpen = openOutside.get(inode) ?? !borrow(file, isOtherEndClosed);
      openOutside.set(inode, isOpen);
      return isOpen;
    },
    fifoId: createFifoIds(),
    nameProblem(file) {
      const kind = recogniseHeld(file, options);
      return isProblem(kind) ? kind : null;
    },
    borrow,
    borrowLater,
  };
}

/** Whether a descriptor was closed before it could be looked at. pidfd_getfd(2) */
export function isClosed(error: unknown): boolean {
  return error instanceof LinuxError && error.call === 'pidfd_getfd' && error.code === 'EBADF';
}

/** Whether a descriptor leads to the file that was seen at it. */
function isStill(file: Holder & Partial<Pick<SeenFile, 'stat'>>, fd: number): boolean {
  if (file.stat === undefined) return true;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return dev === file.stat.dev && ino === file.stat.ino;
}

/** pidfd_getfd(2), with an error that a person can act on. */
function getfd(pidfd: number, holder: Holder): number {
  try {
    return pidfdGetfd(pidfd, holder.fd);
  } catch (error) {
    throw getfdFailure(holder, error);
  }
}

function getfdFailure({ pid, fd }: Holder, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code !== 'EPERM' && code !== 'ENOSYS') return cause;
  const message = `cannot look at descriptor ${fd} of ${pid}: pidfd_getfd(2) answers ${code}`;
  const remedy = 'Run as the user of that process or as root; in a container allow pidfd_getfd(2) and ptrace(2).';
  return new EngineError('NOT_PERMITTED', message, { pid, remedy, cause });
}

function allUnixSockets(): readonly UnixSocket[] {
  try {
    return unixSockets();
  } catch (error) {
    throw diagFailure(error);
  }
}

function diagFailure(cause: unknown): EngineError {
  const message = `cannot tell which unix sockets there are: sock_diag(7) answers ${errorCode(cause)}`;
  const remedy = 'Load the kernel module unix_diag (modprobe unix_diag), or allow netlink sockets in the container.';
  return new EngineError('KERNEL', message, { remedy, cause });
}

function socketInodes(files: readonly SeenFile[]): ReadonlySet<number> {
  return new Set(files.map((file) => inodeOfLink(file.link, 'socket')).filter((inode) => inode !== null));
}

function pipeEnds(files: readonly SeenFile[]): ReadonlyMap<number, PipeEnds> {
  const pipes = new Map<number, PipeEnds>();
  for (const file of files) {
    const inode = inodeOfLink(file.link, 'pipe');
    if (inode === null) continue;
    const ends = pipes.get(inode) ?? { read: false, write: false };
    const access = accessOf(file.flags);
    ends.read ||= access !== 'write';
    ends.write ||= access !== 'read';
    pipes.set(inode, ends);
  }
  return pipes;
}

/** Numbers of named pipes: their inodes, as in CRIU, unless two file systems have the same. */
function createFifoIds(): Tree['fifoId'] {
  const ids = new Map<string, number>();
  const taken = new Set<number>();
  return ({ stat: { dev, ino } }) => {
    const key = `${dev}:${ino}`;
    let id = ids.get(key) ?? Number(BigInt.asUintN(32, ino));
    while (!ids.has(key) && taken.has(id)) id = (id + 1) >>> 0;
    ids.set(key, id);
    taken.add(id);
    return id;
  };
}
