import { EngineError } from '@criujs/engine-kit';
import {
  batchTable,
  blob,
  errno,
  LinuxError,
  type Registers,
  type RemoteCall,
  readMaps,
  signalFrame,
  syscallNumbers,
  writeMemory,
} from '@criujs/linux';
import { mapFlag, protection } from '../../facts/memory.ts';
import { harmlessSignalOf } from '../../facts/tasks.ts';
import type { AskedCalls, ThreadJob } from '../calls/ask.ts';
import {
  type BatchPlace,
  type CallPlace,
  callOnce,
  closingCall,
  runBatch,
  startBatch,
  waitForEnd,
} from '../calls/batch.ts';
import type { DataArea } from '../calls/remote.ts';
import type { FrozenTask, FrozenThread } from '../freeze/freeze.ts';
import { mapsOf } from '../freeze/maps-of.ts';
import { block, type Carrier, carrierOf, isFiltered, putBack, settle } from './carrier.ts';
import { openCave } from './cave.ts';
import { findHole } from './hole.ts';
import { wayBack } from './net.ts';
import { mapRefused, room } from './room.ts';
import { type Ground, runMeanwhile, runSideBySide } from './side-by-side.ts';
import type { ThreadState } from './threads.ts';

/*
 * The engine may be killed at any moment; the kernel lets the threads run on then, from where they stand. So at every moment
 * each thread must have a way out that takes everything of ours with it and needs nobody.
 *
 * A thread that runs something of ours carries the baton: a net below its stack (net.ts) with two signal frames. The first
 * makes the call munmap(our memory), the second is the thread as it was found: registers, extended state, signal mask. All
 * code of ours ends in rt_sigreturn with `rsp` at one of them. The address of our memory is chosen before it is mapped, so that
 * the frame that unmaps it lies there before: to unmap what is not mapped yet does nothing.
 *
 * | moment                                | where the carrier stands        | without us                                     |
 * | ------------------------------------- | ------------------------------- | ---------------------------------------------- |
 * | the net is spread, the cave is filled | at its own registers            | goes on: below its red zone nothing is its own |
 * | registers set, signals not yet blocked| in the cave                     | as below; a handler would return to there      |
 * | mmap, before and after                | in the cave                     | first frame: unmap, second frame: back         |
 * | code poked, table and data written    | in the cave                     | the same                                       |
 * | a batch, or longer code               | in our code                     | ends it, then the same                         |
 * | others wait until that is done        | in the cave                     | each wakes then, or after a second: back       |
 * | after a batch: parked                 | in the cave, at munmap          | unmap, second frame                            |
 * | the baton goes to another thread      | both parked in the cave         | both unmap: the second one finds nothing       |
 * | then the first is put back            | the other is parked             | unmap, second frame                            |
 * | others run, side by side              | in the cave, none in our memory | each ends its batch, then its frame: back      |
 * | munmap in the end, before and after   | in the cave, second frame       | back                                           |
 * | stopped again, registers put back     | at its own registers            | goes on                                        |
 *
 * Only one thread's registers lead into our memory at any time, and then no other one is parked: none unmaps it under the
 * other. The mask comes before the registers when a thread is put back, and after them when it is taken, so that none runs its
 * own code with all signals blocked. Registers are put back in the stop of a signal or of an interrupt: after that of a system
 * call the kernel does not start an interrupted call again. No breakpoint and no single step is used, whose signal would be
 * delivered when we die; a batch ends with a signal that does nothing.
 *
 * What stays after a death: bytes below the red zone, where any signal might have written, and 64 bytes of code behind the end
 * of the vdso's, which serve the next engine. A thread whose stack ends less than a net below its pointer cannot carry: while it
 * runs a batch, its frame lies in our memory, which then stays (stale.ts).
 *
 * Nothing is writable and executable at once: the code's page is filled by ptrace(2), which may write what the task may not.
 */

/** How often another address is tried where something was mapped meanwhile. */
const tries = 3;

/** A task that runs calls of ours, until it is cured. */
export interface Infection {
  /** Where answers may be written; each batch starts anew. */
  readonly area: DataArea;
  /** @param at the number of the thread */
  run(at: number, calls: readonly RemoteCall[]): number[];
  /**
   * Lets several threads run calls at once, each below its own stack.
   * @returns null for one that has no room there: nothing was run then
   */
  runSideBySide(jobs: readonly ThreadJob[]): (AskedCalls | null)[];
  /**
   * Lets one thread run machine code that is longer than a call, to its end, also if the engine dies meanwhile.
   * @param code runs through the table of calls in the end, as the code of a batch does (r12, r13); rbx is at `memory`
   * @param waiting calls of each other thread, which last until the code is done
   * @returns false where the others cannot all wait: nothing was run then
   */
  runCode(code: Uint8Array, memory: number, waiting: Omit<ThreadJob, 'at'>): boolean;
  /** Takes everything of ours out again and puts every register back. */
  cure(): void;
}

/**
 * Puts a page of code and a few of data into a frozen task.
 *
 * @param states of its threads, in their order
 * @param stopLater is called for a SIGSTOP from elsewhere, which no mask blocks: it must be sent again at the end
 */
export function infect(task: FrozenTask, states: readonly ThreadState[], stopLater: () => void): Infection {
  const { pid } = task;
  const harmless = harmlessSignalOf(task.status.caught);
  if (harmless === undefined) throw new EngineError('INTERNAL', `${pid} should have been refused`);
  const stopSignal: number = harmless;
  const main = firstCarrier();
  const cave = openCave(task, main.thread.tracee);
  const base = enter();
  if (isFiltered(main)) putBack(main);
  let carrier = main;
  // Threads that could not be waited for: they need the cave until they are back.
  let areLeft = false;
  let longCode: Uint8Array | null = null;

  return {
    area: { start: base + room.data, size: room.dataSize },
    run(at, calls) {
      handOver(at);
      const place = placeForBatch();
      const results = runBatch(place, calls);
      park(carrier);
      return results;
    },
    runSideBySide(jobs) {
      handOver(main.at);
      return runSideBySide(ground(), jobs, leaveBehind);
    },
    runCode(code, memory, waiting) {
      handOver(main.at);
      const jobs = task.threads.flatMap((_, at): ThreadJob[] => (at === main.at ? [] : [{ ...waiting, at }]));
      if (longCode !== code) main.thread.tracee.poke(base + room.longCode, code);
      longCode = code;
      return runMeanwhile(ground(), jobs, leaveBehind, () => {
        const place = placeForBatch();
        writeMemory(pid, place.table, batchTable([closingCall(place)]));
        // Its end is told by a count of 1: the code sets it.
        const loop = { code: base + room.longCode, table: place.table, calls: 2, stack: place.stack };
        startBatch(place, place.base.copy().set('bx', memory), loop);
        waitForEnd(place);
        park(carrier);
      });
    },
    cure() {
      handOver(main.at);
      callOnce(placeOf(main, main.net.last), 'munmap', [base, room.size], () => block(main));
      leave();
    },
  };

  function ground(): Ground {
    const taken = main.net.held ? [main.net.place] : [];
    return { task, states, cave, stopSignal, stopped: stopLater, taken };
  }

  function leaveBehind(): void {
    areLeft = true;
  }

  /** Where the carrier runs calls; without a net its frame lies in our memory. */
  function placeForBatch(): BatchPlace {
    const { thread, state, net } = carrier;
    const frame = base + room.frame;
    if (!net.held) {
      const { registers, mask } = wayBack(thread, state);
      writeMemory(pid, frame, signalFrame(frame, registers, mask, thread.xstate));
    }
    return {
      thread: thread.tracee,
      pid,
      base: thread.registers,
      code: base,
      table: base + room.table,
      capacity: room.capacity,
      stack: net.held ? net.first : frame + 8,
      stopSignal,
      stopped: stopLater,
    };
  }

  function newCarrier(at: number): Carrier {
    return carrierOf(pid, at, task.threads[at] as FrozenThread, states[at] as ThreadState);
  }

  /** One whose stack has room for a net, if there is any. */
  function firstCarrier(): Carrier {
    for (let at = 0; at < task.threads.length; at++) {
      const found = newCarrier(at);
      if (found.net.held) return found;
    }
    return newCarrier(0);
  }

  /** Maps our memory; gives its address. */
  function enter(): number {
    try {
      for (let left = tries; ; left--) {
        // What has come meanwhile only a new look shows.
        const hole = findHole(left === tries ? mapsOf(task) : readMaps(pid), room.size);
        if (hole === null) throw new LinuxError('mmap', errno.ENOMEM, { about: `of ${room.size} bytes`, pid });
        try {
          mapAt(hole);
          return hole;
        } catch (error) {
          if (!(error instanceof LinuxError) || error.code !== 'EEXIST' || left === 0) throw error;
        }
      }
    } catch (error) {
      leave();
      throw mapRefused(pid, error);
    }
  }

  function mapAt(hole: number): void {
    const flags = mapFlag.private | mapFlag.anonymous | mapFlag.fixedNoReplace;
    const call = (name: 'mmap' | 'munmap', ...args: number[]): void => {
      callOnce(placeOf(main, main.net.first), name, args, () => block(main));
    };
    main.net.spread(unmapping(main, hole));
    call('mmap', hole, room.codeSize, protection.read | protection.execute, flags, -1, 0);
    try {
      call('mmap', hole + room.writable, room.writableSize, protection.read | protection.write, flags, -1, 0);
    } catch (error) {
      call('munmap', hole, room.codeSize);
      throw error;
    }
    settle(main, unmapping(main, hole), stopLater);
    main.thread.tracee.poke(hole, blob.code);
  }

  /** Makes another thread the one that unmaps our memory if we die. */
  function handOver(at: number): void {
    if (at === carrier.at) return;
    const before = carrier;
    const next = at === main.at ? main : newCarrier(at);
    if (next.net.held) {
      next.net.spread(unmapping(next, base));
      park(next);
    }
    carrier = next;
    if (!before.net.held) return;
    putBack(before);
    before.net.takeIn();
  }

  /** Lets a thread stand in the cave, where it unmaps our memory and goes on as it was found if we die. */
  function park(one: Carrier): void {
    if (!one.net.held || isFiltered(one)) {
      putBack(one);
      return;
    }
    one.thread.tracee.setRegisters(unmapping(one, base));
    block(one);
  }

  /** Puts the registers back and erases the code in the vdso. */
  function leave(): void {
    const back = main.thread.registers.copy().set('orig_ax', -1n).set('ip', cave.sigreturn).set('sp', main.net.last);
    settle(main, back, stopLater);
    putBack(main);
    if (!areLeft) cave.close();
    main.net.takeIn();
  }

  function unmapping({ thread, net }: Carrier, at: number): Registers {
    return thread.registers
      .copy()
      .set('ax', syscallNumbers.munmap)
      .set('orig_ax', -1n)
      .set('di', at)
      .set('si', room.size)
      .set('ip', cave.syscall)
      .set('sp', net.last);
  }

  function placeOf({ thread }: Carrier, stack: number): CallPlace {
    const { tracee, registers } = thread;
    return { thread: tracee, base: registers, instruction: cave.syscall, stack, stopped: stopLater };
  }
}
