import { readFileSync } from 'node:fs';
import {
  batchEntryLength,
  blob,
  helperBlobOffset,
  helperImage,
  ptraceOption,
  type Registers,
  readMaps,
  signals,
  spawnImage,
  type Tracee,
  tracee,
  type Waiting,
  writeMemory,
} from '@criujs/linux';
import type { ObjectPlan } from '../../engine/restore/objects.ts';
import { mapFlag, pageSize, protection } from '../../facts/memory.ts';
import { type BatchPlace, callOnce } from '../calls/batch.ts';
import type { DataArea } from '../calls/remote.ts';
import type { Made } from './end.ts';

/** The engine's own memory in every task that it builds: ELF page, code, table of calls, data. Bytes. */
const room = { size: 8 << 20, code: pageSize, table: 0x10000, tableSize: 2 << 20, data: 3 << 20 } as const;
/** Free addresses behind it, where the vdso waits while it is moved over itself. */
const slack = 1 << 20;

/** How much of the address space must be free in all tasks, and more for objects. */
export const holeSize: number = room.size + slack;

/** The signal that ends a batch in a task that is being built: nothing there handles it yet. */
const stopSignal: number = signals.SIGURG;

/** Tasks that are being built die with the engine, and so do all that they make. ptrace(2). */
const traceOptions =
  ptraceOption.TRACESYSGOOD |
  ptraceOption.TRACEFORK |
  ptraceOption.TRACEVFORK |
  ptraceOption.TRACECLONE |
  ptraceOption.EXITKILL;

/** Places in the memory that all tasks that are being built have. */
export interface Workshop {
  readonly start: number;
  readonly end: number;
  /** The page that comes from the helper's file: while it is mapped, the program file cannot be set. */
  readonly elfEnd: number;
  /** An address of a `syscall` instruction. */
  readonly instruction: number;
  readonly scratch: number;
  /** `rsp` while calls are made. */
  readonly stack: number;
  readonly data: DataArea;
  /** Called while a thread that is being built is waited for. */
  readonly waiting: Waiting;
  /** Where an object that many have lies in the memory of all. @throws EngineError INTERNAL for a key that none has */
  object(key: string): number;
  /** All processes that were made so far. */
  readonly made: Made;
  /** Where a thread runs calls. */
  place(thread: BuiltThread): BatchPlace;
}

/** A thread that is being built: stopped, under our trace. */
export interface BuiltThread {
  readonly tid: number;
  readonly pid: number;
  readonly tracee: Tracee;
  /** Registers to start calls from. */
  readonly base: Registers;
}

/** The places for a hole that begins at `start`. Objects that many have lie behind the rest. */
export function workshopAt(
  start: number,
  objects: ObjectPlan,
  { waiting, made }: Pick<Workshop, 'waiting' | 'made'>,
): Workshop {
  const data = { start: start + room.data, size: room.size - room.data };
  const stack = start + room.size - pageSize;
  return {
    start,
    end: start + holeSize + objects.size,
    elfEnd: start + room.code,
    instruction: start + room.code + blob.offsets.syscall,
    scratch: start + room.size + (slack >> 1),
    data,
    stack,
    waiting,
    made,
    object: (key) => start + holeSize + objects.offset(key),
    place: ({ tracee: thread, pid, base }) => ({
      thread,
      pid,
      base,
      code: start + room.code,
      table: start + room.table,
      capacity: room.tableSize / batchEntryLength,
      stack,
      stopSignal,
    }),
  };
}

/** The lowest address that a program may map. proc_sys_vm(5). */
export function lowestAddress(): number {
  return Number(readFileSync('/proc/sys/vm/mmap_min_addr', 'latin1'));
}

/**
 * Starts the process from which the tree is cloned: machine code of ours in a memory file, with every descriptor of the tree at
 * its own number.
 * @param moreOptions with which all are traced
 */
export function startHelper(
  workshop: Workshop,
  inherit: readonly { fd: number; as: number }[],
  moreOptions: number,
): BuiltThread {
  const pid = spawnImage(helperImage(workshop.start, room.code), { inherit });
  workshop.made.add(pid);
  const thread = tracee(pid, workshop.waiting);
  thread.seize(traceOptions | moreOptions);
  thread.interrupt();
  thread.waitStop();
  const helper = built(pid, pid, thread);
  furnish(helper, workshop);
  return helper;
}

/**
 * Maps the workshop, shared by all that are cloned from the helper: all but one of them are stopped at any time. Memory that is
 * copied with each clone would make every clone of a deep tree slower than the one before, since the kernel keeps one
 * more reference to it for each ancestor (anon_vma). For the same reason the helper's stack goes: nobody uses it.
 */
function furnish(helper: BuiltThread, { start, elfEnd, stack }: Workshop): void {
  const instruction = start + helperBlobOffset + blob.offsets.syscall;
  const place = { thread: helper.tracee, base: helper.base, instruction, stack };
  const [readWrite, readExecute] = [protection.read | protection.write, protection.read | protection.execute];
  const how = mapFlag.shared | mapFlag.anonymous | mapFlag.fixed;
  callOnce(place, 'mmap', [elfEnd, start + room.size - elfEnd, readWrite, how, -1, 0]);
  writeMemory(helper.pid, elfEnd, blob.code);
  callOnce(place, 'mprotect', [elfEnd, pageSize, readExecute]);
  for (const { name, start: from, end: to } of readMaps(helper.pid)) {
    if (name === '[stack]') callOnce(place, 'munmap', [from, to - from]);
  }
}

/** A thread that has just stopped for the first time. */
export function built(tid: number, pid: number, thread: Tracee): BuiltThread {
  return { tid, pid, tracee: thread, base: thread.registers().set('orig_ax', -1n) };
}
