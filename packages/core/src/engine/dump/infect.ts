import {
  batchEntryLength,
  blob,
  type RemoteCall,
  readMaps,
  readMemory,
  signalFrame,
  syscallNumbers,
  writeMemory,
} from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import { mapFlag, protection } from '../../facts/memory.ts';
import { everySignal, harmlessSignalOf } from '../../facts/tasks.ts';
import { type BatchPlace, type CallPlace, callOnce, runBatch } from '../batch.ts';
import type { DataArea } from '../remote.ts';
import type { FrozenTask, FrozenThread } from './freeze.ts';
import { spreadNet } from './net.ts';
import type { ThreadState } from './threads.ts';

/** Our page in the target: blob, table, answers, one signal frame. */
const page = {
  size: 1 << 18,
  table: 0x1000,
  tableSize: 0x10000,
  data: 0x11000,
  dataSize: 0x20000,
  frame: 0x32000,
} as const;
/** How much a task is infected with, in bytes. */
export const infectionSize: number = page.size;
/** Bytes at the vdso's end that the code for the first call takes; they are zero in every vdso. */
const caveRoom = 64;
/** A task that runs calls of ours, until it is cured. */
export interface Infection {
  /** Where answers may be written; each batch starts anew. */
  readonly area: DataArea;
  run(thread: FrozenThread, state: ThreadState, calls: readonly RemoteCall[]): number[];
  /** Takes everything of ours out again and puts every register back. */
  cure(): void;
}

/**
 * Puts a page of ours into a frozen task.
 *
 * The first call is made from a few spare bytes of the vdso, with a signal frame below the stack's red zone: were the
 * engine to die at any moment, the task would unmap our page, fall into rt_sigreturn and go on as it was.
 */
export function infect(task: FrozenTask, leader: ThreadState, stopLater: () => void): Infection {
  const main = task.threads[0] as FrozenThread;
  const stopSignal = harmlessSignalOf(task.status.caught);
  if (stopSignal === undefined) throw new EngineError('INTERNAL', `${task.pid} should have been refused`);
  const cave = openCave(task);
  const net = spreadNet(task.pid, main, leader);
  const first: CallPlace = {
    thread: main.tracee,
    base: main.registers,
    instruction: cave + blob.offsets.syscall,
    stack: net.stack,
    stopped: stopLater,
  };
  main.tracee.poke(cave, blob.cave);
  const all = protection.read | protection.write | protection.execute;
  const blockSignals = (): void => main.tracee.setSignalMask(everySignal);
  const base = mapPage();
  writeMemory(task.pid, base, blob.code);
  const place = (thread: FrozenThread): BatchPlace => ({
    thread: thread.tracee,
    pid: task.pid,
    base: thread.registers,
    code: base,
    table: base + page.table,
    capacity: page.tableSize / batchEntryLength,
    stack: base + page.frame + 8,
    stopSignal,
    stopped: stopLater,
  });

  return {
    area: { start: base + page.data, size: page.dataSize },
    run: (thread, state, calls) => {
      const own = thread === main ? net : spreadNet(task.pid, thread, state);
      const frame = base + page.frame;
      writeMemory(
        task.pid,
        frame,
        own.held ? wayOut(frame, thread, own.stack) : signalFrame(frame, state.saved, thread.mask, thread.xstate),
      );
      const results = runBatch(place(thread), calls);
      // The stop is a signal's: from here the kernel restarts a call that was interrupted. At once, because the next
      // thread's batch overwrites the frame that this one would fall back on.
      putBack(thread);
      if (thread !== main) own.takeIn();
      return results;
    },
    cure: () => {
      callOnce(first, 'munmap', [base, page.size], blockSignals);
      leaveCave();
    },
  };

  function mapPage(): number {
    try {
      return callOnce(first, 'mmap', [0, page.size, all, mapFlag.private | mapFlag.anonymous, -1, 0], blockSignals);
    } catch (error) {
      leaveCave();
      throw new EngineError(
        'KERNEL',
        `process ${task.pid} may not map a page that is writable and executable: ${error}`,
        {
          pid: task.pid,
          cause: error,
          remedy:
            'A security policy (SELinux execmem, MDWE) forbids it to this program; the engine needs it for a moment.',
        },
      );
    }
  }

  /** Puts the registers back and erases the code in the vdso. */
  function leaveCave(): void {
    // Putting registers back needs a stop of this kind: after a plain syscall stop the program would see -516.
    main.tracee.setRegisters(
      first.base
        .copy()
        .set('orig_ax', -1n)
        .set('ip', cave + blob.offsets.sigreturn)
        .set('sp', first.stack),
    );
    main.tracee.interrupt();
    main.tracee.resume();
    waitForTrap(main, stopLater);
    putBack(main);
    main.tracee.poke(cave, new Uint8Array(blob.cave.length));
    net.takeIn();
  }

  /** Where a batch ends without us: our page is unmapped from the cave, and the net below the stack does the rest. */
  function wayOut(address: number, thread: FrozenThread, stack: number): Buffer {
    const registers = thread.registers
      .copy()
      .set('ax', syscallNumbers.munmap)
      .set('di', base)
      .set('si', page.size)
      .set('ip', cave + blob.offsets.syscall)
      .set('sp', stack);
    return signalFrame(address, registers, everySignal, thread.xstate);
  }
}

/** The mask comes first, so that no moment has the program's registers and all signals blocked. */
function putBack(thread: FrozenThread): void {
  thread.tracee.setSignalMask(thread.mask);
  thread.tracee.setRegisters(thread.registers);
}

function waitForTrap(thread: FrozenThread, stopLater: () => void): void {
  for (;;) {
    const stop = thread.tracee.waitStop();
    if (stop.event !== 0) return;
    stopLater();
    thread.tracee.resume();
  }
}

/** The address of room for a few bytes of code that every process has: the zeros behind its vdso. */
function openCave(task: FrozenTask): number {
  const vdso = readMaps(task.pid).find((vma) => vma.name === '[vdso]');
  if (vdso === undefined)
    throw new EngineError('UNSUPPORTED', `cannot dump ${task.pid}: it has no vdso, from which the first call is made`, {
      pid: task.pid,
      remedy: 'Boot without vdso=0.',
    });
  const cave = vdso.end - caveRoom;
  const there = readMemory(task.pid, cave, blob.cave.length);
  // Code of ours is still there where an engine was killed in the middle: it serves again.
  if (!there.every((byte) => byte === 0) && !there.equals(Buffer.from(blob.cave)))
    throw new EngineError('UNSUPPORTED', `cannot dump ${task.pid}: the end of its vdso is not empty`, {
      pid: task.pid,
      remedy: 'Please report this kernel: its vdso leaves no room.',
    });
  return cave;
}
