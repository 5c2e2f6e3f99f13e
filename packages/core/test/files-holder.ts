import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { arena, closeFd, pidfdOpen, syscall, syscallNumbers } from '@criujs/linux';
import type { FrozenProcess } from '../src/files/collect.ts';

/** Programs that hold descriptors and do nothing, for one test. */
export interface Holders {
  /** Starts one that has our descriptors at these numbers, and /dev/null at 0 to 2. It sleeps when this comes back. */
  start(descriptors: Readonly<Record<number, number>>): FrozenProcess;
  /** Ends all of them, and waits for it. */
  end(): Promise<void>;
}

export function createHolders(): Holders {
  // What the shell that runs the tests has leaked to us is not to be leaked on: close_range(2), CLOSE_RANGE_CLOEXEC.
  syscall('close_range', 3, 0xffff_ffff, 4);
  const children: ChildProcess[] = [];
  const pidfds: number[] = [];
  return {
    start(descriptors) {
      const count = Math.max(2, ...Object.keys(descriptors).map(Number)) + 1;
      const stdio = Array.from({ length: count }, (_, fd) => descriptors[fd] ?? ('ignore' as const));
      const child = spawn('/bin/sleep', ['1000'], { stdio });
      children.push(child);
      const pid = child.pid ?? 0;
      const pidfd = pidfdOpen(pid);
      pidfds.push(pidfd);
      waitForSleep(pid);
      return { pid, command: 'sleep', pidfd };
    },
    async end() {
      for (const pidfd of pidfds.splice(0)) closeFd(pidfd);
      for (const child of children.splice(0)) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}

/** Until then its loader opens and closes files. proc_pid_syscall(5). */
function waitForSleep(pid: number): void {
  const sleeps = [syscallNumbers.nanosleep, syscallNumbers.clock_nanosleep].map(String);
  while (!sleeps.includes(readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ')[0] ?? '')) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Descriptors of a test, closed when it ends. */
export interface Descriptors {
  keep<T extends number | readonly number[]>(fds: T): T;
  close(): void;
  /** Closes one now. */
  drop(fd: number): void;
}

export function createDescriptors(): Descriptors {
  const open = new Set<number>();
  return {
    keep(fds) {
      for (const fd of [fds].flat()) open.add(fd);
      return fds;
    },
    close() {
      for (const fd of open) closeSync(fd);
      open.clear();
    },
    drop(fd) {
      open.delete(fd);
      closeSync(fd);
    },
  };
}

const closeOnExec = 0o2000000;

/** socketpair(2) of unix stream sockets. */
export function socketPair(): [number, number] {
  return arena.scope(() => {
    const pair = arena.alloc(8);
    syscall('socketpair', 1, 1 | closeOnExec, 0, pair.address);
    return [pair.view.getInt32(0, true), pair.view.getInt32(4, true)];
  });
}

/** The same, the first with a name that the kernel chooses (unix(7), "Autobind"): the engine takes no such pair. */
export function namedPair(): [number, number] {
  const [named, other] = socketPair();
  arena.scope(() => {
    const family = arena.alloc(2);
    family.view.setUint16(0, 1, true);
    syscall('bind', named, family.address, family.length);
  });
  return [named, other];
}

/** A unix socket of this type, bound to a path and connected to another. */
export function boundSocket(type: number, path: string, peer?: string): number {
  const fd = syscall('socket', 1, type | closeOnExec, 0);
  const at = (name: 'bind' | 'connect', where: string): unknown =>
    arena.scope(() => {
      const address = arena.alloc(110);
      address.view.setUint16(0, 1, true);
      address.bytes.fill(0, 2).set(Buffer.from(where), 2);
      return syscall(name, fd, address.address, address.length);
    });
  at('bind', path);
  if (peer !== undefined) at('connect', peer);
  return fd;
}

export function eventfd(count: number, flags = 0): number {
  return syscall('eventfd2', count, flags | closeOnExec);
}

/** epoll_ctl(2), EPOLL_CTL_ADD. */
export function watch(epoll: number, fd: number, events: number, data: bigint): void {
  arena.scope(() => {
    const event = arena.alloc(12);
    event.view.setUint32(0, events, true);
    event.view.setBigUint64(4, data, true);
    syscall('epoll_ctl', epoll, 1, fd, event.address);
  });
}

/** F_SETOWN_EX of fcntl(2). */
export function setOwner(fd: number, type: number, pid: number): void {
  arena.scope(() => {
    const owner = arena.alloc(8);
    owner.view.setInt32(0, type, true);
    owner.view.setInt32(4, pid, true);
    syscall('fcntl', fd, 15, owner.address);
  });
}

/** F_GETOWN_EX of fcntl(2). */
export function getOwner(fd: number): { type: number; pid: number } {
  return arena.scope(() => {
    const owner = arena.alloc(8);
    syscall('fcntl', fd, 16, owner.address);
    return { type: owner.view.getInt32(0, true), pid: owner.view.getInt32(4, true) };
  });
}
