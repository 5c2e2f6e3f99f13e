import { arena } from '../arena.ts';
import type { SyscallName } from '../processor/processor.ts';
import { observeSyscalls, type SyscallArgument, trySyscall } from '../syscall.ts';

/** Descriptors that get a place in a ledger; higher ones have none. fs.nr_open is this much by default, proc_sys_fs(5). */
const mostDescriptors = 1 << 20;

/** Calls whose result is a new descriptor. fcntl(2) is one by its command. */
const makers: ReadonlySet<SyscallName> = new Set([
  ...(['open', 'openat', 'openat2', 'socket', 'accept4', 'memfd_create', 'eventfd2', 'epoll_create1'] as const),
  ...(['pidfd_open', 'pidfd_getfd', 'timerfd_create', 'signalfd4', 'inotify_init1'] as const),
]);
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;

/** `struct pollfd`: descriptor, events, what happened. poll(2). */
const pollSize = 8;
const POLLNVAL = 0x20;

/** A new ledger, for the thread that opens descriptors and for others that want to know which. */
export function newLedger(): SharedArrayBuffer {
  return new SharedArrayBuffer(mostDescriptors / 8);
}

/** Whether a ledger has this descriptor. Any thread may ask while the ledger's own does nothing. */
export function isInLedger(memory: SharedArrayBuffer, fd: number): boolean {
  const byte = new Uint8Array(memory)[fd >> 3];
  return byte !== undefined && (byte & (1 << (fd & 7))) !== 0;
}

/** The descriptors that this thread opened by system calls of this package. */
export interface Ledger {
  /** Strikes out those that are closed, and gives them. Node's own closeSync is not seen otherwise. */
  takeClosed(): number[];
}

/** Notes from now on what this thread opens and closes. Those that come by messages or in pairs are not noted. */
export function keepLedger(memory: SharedArrayBuffer): Ledger {
  const bytes = new Uint8Array(memory);
  let end = 0;
  const set = (fd: number, open: boolean): void => {
    if (fd < 0 || fd >= mostDescriptors) return;
    const mask = 1 << (fd & 7);
    const byte = bytes[fd >> 3] ?? 0;
    bytes[fd >> 3] = open ? byte | mask : byte & ~mask;
    if (open && fd >= end) end = fd + 1;
  };
  observeSyscalls((name, args, result) => {
    if (result < 0) return;
    if (name === 'close') set(Number(args[0]), false);
    else if (makers.has(name) || (name === 'fcntl' && duplicates(args))) set(result, true);
  });
  return {
    takeClosed() {
      const open = noted(bytes, end);
      const closed = closedOf(open);
      for (const fd of closed) set(fd, false);
      return closed;
    },
  };
}

function duplicates([, command]: readonly SyscallArgument[]): boolean {
  return command === F_DUPFD || command === F_DUPFD_CLOEXEC;
}

function noted(bytes: Uint8Array, end: number): number[] {
  const found: number[] = [];
  for (let at = 0; at * 8 < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) found.push(at * 8 + bit);
  }
  return found;
}

/** Asks for nothing, so that it only says which are no descriptors. */
function closedOf(descriptors: readonly number[]): number[] {
  if (descriptors.length === 0) return [];
  return arena.scope(() => {
    const { address, view } = arena.alloc(descriptors.length * pollSize);
    for (const [index, fd] of descriptors.entries()) view.setInt32(index * pollSize, fd, true);
    if (trySyscall('poll', address, descriptors.length, 0) <= 0) return [];
    return descriptors.filter((_, index) => (view.getInt16(index * pollSize + 6, true) & POLLNVAL) !== 0);
  });
}
