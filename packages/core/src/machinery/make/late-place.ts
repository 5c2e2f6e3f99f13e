import { AT_FDCWD, closeFd, LinuxError, pidfdGetfd, pidfdOpen, readMemory, signals, writeMemory } from '@criujs/linux';
import type { LatePlace, Newborn, PlaceCall } from '../../kinds/files/opening.ts';
import type { Hold } from '../guard/holds.ts';
import { cloneTask, own } from './clone.ts';
import { fetchEach, letFetch, letFetchNoMore } from './fetch.ts';
import type { Fork } from './fork.ts';
import type { BuiltThread, Workshop } from './helper.ts';
import { endAsBefore } from './zombie.ts';

/** __WALL of wait4(2): also for children that send no signal when they end. */
const anyChild = 0x4000_0000;
/** F_GETFD of fcntl(2). */
const getDescriptorFlags = 1;
/** What is passed by address lies at multiples of this many bytes. */
const alignment = 16;

/**
 * A process while it is made.
 * @param at the number there of a descriptor of the engine's
 */
export function newborn(thread: BuiltThread, workshop: Workshop, at: Newborn['at']): Newborn {
  return { at, call: (name, args) => callWith(thread, workshop, name, args) };
}

/** The helper, as the place where files are opened that lead to processes. */
export function latePlace(
  helper: BuiltThread,
  workshop: Workshop,
  { ids, tasks }: Fork,
  { at, hold }: { readonly at: Newborn['at']; readonly hold: Hold },
): LatePlace {
  const open = (thread: BuiltThread, path: string, flags: number): number => {
    writeMemory(thread.pid, workshop.data.start, Buffer.from(`${path}\0`));
    return own(thread, workshop, 'openat', [AT_FDCWD, workshop.data.start, flags, 0]);
  };
  /** Moves descriptors of another process here; gives the numbers that they have got. */
  function bring(thread: BuiltThread, numbers: readonly number[]): readonly number[] {
    if (thread === helper) return numbers;
    const fetched: number[] = [];
    letFetch(thread, workshop);
    fetchEach(helper, workshop, { from: thread.pid, numbers }, (_, it) => void fetched.push(it));
    for (const number of numbers) own(thread, workshop, 'close', [number]);
    letFetchNoMore(thread, workshop);
    return fetched;
  }

  const [root = helper] = tasks.values();

  return {
    now: (old) => ids.get(old),
    hold,
    root: root.pid,
    openIn(old, path, flags) {
      const thread = tasks.get(old) ?? root;
      const [number = -1] = bring(thread, [open(thread, path, flags)]);
      return number;
    },
    process(old) {
      const thread = tasks.get(old);
      return thread && newborn(thread, workshop, at);
    },
    within(maker, given, make) {
      const thread = (maker === undefined ? undefined : tasks.get(maker)) ?? helper;
      const call: PlaceCall = (name, args) => callWith(thread, workshop, name, args);
      if (thread === helper) return make(call, given);
      const taken: number[] = [];
      fetchEach(thread, workshop, { from: helper.pid, numbers: given }, (_, it) => void taken.push(it));
      const made = bring(thread, make(call, taken));
      for (const number of taken) own(thread, workshop, 'close', [number]);
      return made;
    },
    fetch(number) {
      const pidfd = pidfdOpen(helper.pid);
      try {
        return pidfdGetfd(pidfd, number);
      } finally {
        closeFd(pidfd);
      }
    },
    call: (name, args) => callWith(helper, workshop, name, args),
    open: (path, flags) => open(helper, path, flags),
    occupy(old, fd) {
      const thread = tasks.get(old);
      if (thread === undefined || has(thread, workshop, fd)) return;
      const something = open(thread, '/', 0);
      if (something === fd) return;
      own(thread, workshop, 'dup3', [something, fd, 0]);
      own(thread, workshop, 'close', [something]);
    },
    withEnding(status, use) {
      // All processes have their pids by now, and it is gone before threads get theirs.
      const thread = cloneTask(helper, workshop, { tid: 0, flags: 0, exitSignal: signals.SIGCHLD, newPids: true });
      use(thread.pid);
      endAsBefore(thread, helper, { pid: thread.pid, exitCode: status, command: 'ended' }, workshop);
      own(helper, workshop, 'wait4', [thread.pid, 0, anyChild, 0]);
    },
  };
}

/** Bytes are passed by address, and are there afterwards what the call has made of them. */
function callWith(thread: BuiltThread, workshop: Workshop, ...[name, args]: Parameters<PlaceCall>): number {
  let { start } = workshop.data;
  const blocks: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const words = args.map((arg) => {
    if (!(arg instanceof Uint8Array)) return arg;
    const at = start;
    blocks.push({ at, bytes: arg });
    start += Math.ceil(arg.length / alignment) * alignment;
    return at;
  });
  for (const { at, bytes } of blocks) writeMemory(thread.pid, at, bytes);
  const result = own(thread, workshop, name, words);
  for (const { at, bytes } of blocks) bytes.set(readMemory(thread.pid, at, bytes.length));
  return result;
}

function has(thread: BuiltThread, workshop: Workshop, fd: number): boolean {
  try {
    own(thread, workshop, 'fcntl', [fd, getDescriptorFlags, 0]);
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'EBADF') return false;
    throw error;
  }
}
