import { batchEntryLength, batchTable, readMemory, signalFrame, signalFramesLength, writeMemory } from '@criujs/linux';
import type { AskedCalls, ThreadJob } from '../calls/ask.ts';
import { type BatchEnd, closingCall, resultsIn, startBatch, waitForEnd } from '../calls/batch.ts';
import type { FrozenTask, FrozenThread } from '../freeze/freeze.ts';
import { belowStack, type MemoryRange, overlap, type StackRange } from './below-stack.ts';
import type { Cave } from './cave.ts';
import { wayBack } from './net.ts';
import type { ThreadState } from './threads.ts';

/*
 * Several threads of a process run calls at once, and nobody waits for each in turn. None of them uses our memory: each has all
 * that it needs below its own stack, and runs the loop in the cave. From low to high addresses:
 *
 *   a signal frame of the thread as it was found, which the loop ends in, with or without us
 *   room for the answers
 *   the table of calls
 *   the red zone
 *
 * `rsp` is at the frame, so that a signal that comes before all are blocked writes below it. Where stacks are so near to each other
 * that two of these would meet (coroutines in a heap), or that one would cover what the kernel reads whenever the other goes on (its
 * area of rseq(2)), the threads take turns.
 */

/** More than this nobody gets below a stack, in bytes. */
const most = 16 << 10;
const alignment = 64;

/** Whose threads run, and how. */
export interface Ground {
  readonly task: FrozenTask;
  readonly states: readonly ThreadState[];
  readonly cave: Pick<Cave, 'batch'>;
  readonly stopSignal: number;
  readonly stopped: () => void;
  /** What else lies below a stack meanwhile. */
  readonly taken: readonly StackRange[];
}

/** A thread with its calls. */
interface Runner {
  readonly end: BatchEnd;
  readonly thread: FrozenThread;
  readonly range: StackRange;
  /** What nobody else may write to while it runs. */
  readonly own: readonly MemoryRange[];
  /** Where the loop is. */
  readonly code: number;
  /** Where the answers are; behind them is the table. */
  readonly start: number;
  readonly size: number;
  readonly calls: number;
  /** What is written into the range. */
  readonly bytes: Buffer;
  state: 'waits' | 'written' | 'runs';
}

/**
 * Lets each thread run its calls, all at once where that can be.
 * @returns for each what it came to, or null where its stack has no room for it: nothing was run then
 * @throws LinuxError when a thread has ended, and what its wait throws: then `left` is called for each that still runs
 */
export function runSideBySide(ground: Ground, jobs: readonly ThreadJob[], left: () => void): (AskedCalls | null)[] {
  const runners = jobs.map((job) => runnerOf(ground, job));
  const done = new Map<Runner, AskedCalls>();
  for (let waiting = runners.filter((it) => it !== null); waiting.length > 0; ) {
    const round = withoutOverlap(waiting);
    runRound(round, done, left);
    waiting = waiting.filter((it) => !round.includes(it));
  }
  return runners.map((it) => (it === null ? null : (done.get(it) ?? null)));
}

/**
 * Lets each thread run its calls while `work` is done.
 * @returns false where not all of them can run at once: nothing was done then
 */
export function runMeanwhile(ground: Ground, jobs: readonly ThreadJob[], left: () => void, work: () => void): boolean {
  const runners = jobs.flatMap((job) => runnerOf(ground, job) ?? []);
  if (withoutOverlap(runners).length < jobs.length) return false;
  runRound(runners, new Map(), left, work);
  return true;
}

function runnerOf({ task, states, cave, stopSignal, stopped, taken }: Ground, job: ThreadJob): Runner | null {
  const { pid } = task;
  const [thread, state] = [task.threads[job.at], states[job.at]];
  if (thread === undefined || state === undefined) return null;
  const end = { thread: thread.tracee, pid, stopSignal, stopped };
  const frame = aligned(signalFramesLength(1, thread.xstate));
  const size = aligned(job.size);
  const calls = job.count + 1;
  const length = frame + size + calls * batchEntryLength;
  if (length > most) return null;
  const range = belowStack(pid, thread, length);
  if (!range.isMapped || taken.some((other) => overlap(range, other))) return null;
  const start = range.address + frame;
  const bytes = Buffer.alloc(length);
  const { registers, mask } = wayBack(thread, state);
  signalFrame(range.address, registers, mask, thread.xstate).copy(bytes);
  bytes.set(job.bytes ?? [], frame);
  batchTable([...job.calls(start), closingCall(end)]).copy(bytes, frame + size);
  const { rseq } = state;
  const own = [range, ...(rseq === null ? [] : [{ address: Number(rseq.pointer), length: rseq.size }])];
  return { end, thread, range, own, code: cave.batch, start, size, calls, bytes, state: 'waits' };
}

/** As many as can run at once, in their order: the first is always among them. */
function withoutOverlap(runners: readonly Runner[]): Runner[] {
  const chosen: Runner[] = [];
  for (const one of runners) if (!chosen.some((other) => meet(one, other))) chosen.push(one);
  return chosen;
}

function meet(one: Runner, other: Runner): boolean {
  return one.own.some((mine) => overlap(mine, other.range)) || other.own.some((its) => overlap(its, one.range));
}

function runRound(
  runners: readonly Runner[],
  done: Map<Runner, AskedCalls>,
  left: () => void,
  work?: () => void,
): void {
  try {
    for (const runner of runners) begin(runner);
    work?.();
    for (const runner of runners) done.set(runner, finish(runner));
  } catch (error) {
    for (const runner of runners) {
      try {
        if (runner.state === 'runs') finish(runner);
        else if (runner.state === 'written') leave(runner);
      } catch {
        // It has ended, or goes on to its frame by itself when it comes out of its call. What failed first is what counts.
        left();
      }
    }
    throw error;
  }
}

function begin(runner: Runner): void {
  const { end, thread, range, code, start, size, calls, bytes } = runner;
  writeMemory(end.pid, range.address, bytes);
  runner.state = 'written';
  startBatch(end, thread.registers, { code, table: start + size, calls, stack: range.address + 8 });
  runner.state = 'runs';
}

function finish(runner: Runner): AskedCalls {
  const { end, start, size, calls } = runner;
  waitForEnd(end);
  const bytes = readMemory(end.pid, start, size + (calls - 1) * batchEntryLength);
  leave(runner);
  return { results: resultsIn(bytes.subarray(size), calls - 1), start, bytes };
}

/** As it was found: the mask first, so that no moment has its own registers and all signals blocked. */
function leave(runner: Runner): void {
  const { thread, range } = runner;
  thread.tracee.setSignalMask(thread.mask);
  thread.tracee.setRegisters(thread.registers);
  range.putBack();
  runner.state = 'waits';
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}
