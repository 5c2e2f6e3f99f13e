import { EngineError } from '@criujs/engine-kit';
import { type RemoteCall, readMemory } from '@criujs/linux';
import type { DataArea } from './remote.ts';

/** An output argument: memory of the task that a call writes into. */
export interface Area {
  /** Sets `length` bytes aside and gives their address in the task. */
  reserve(length: number): number;
}

/** Calls that ask a task something, and how their answers read. */
export interface Inquiry<T> {
  readonly calls: readonly RemoteCall[];
  answer(results: readonly number[], read: (address: number, length: number) => Buffer): T;
}

/** An area of the task's memory for the answers of one batch. */
function createArea(area: DataArea): Area & { readonly used: () => number } {
  let used = 0;
  return {
    used: () => used,
    reserve: (length) => {
      const address = area.start + used;
      used += (length + 15) & ~15;
      if (used > area.size) throw new EngineError('INTERNAL', `answers of ${used} bytes do not fit into ${area.size}`);
      return address;
    },
  };
}

/**
 * Asks many questions, in as few batches as the area allows: each is one stop of the task.
 *
 * @param questions each gets an area, and gives calls with a reader of their answers; called more than once, it gives the same
 */
export function askInBatches<T>(
  run: (calls: readonly RemoteCall[]) => readonly number[],
  memory: DataArea & { readonly pid: number },
  questions: readonly ((area: Area) => Inquiry<T>)[],
): T[] {
  const answers: T[] = [];
  let batch: Inquiry<T>[] = [];
  let area = createArea(memory);
  const flush = (): void => {
    answers.push(...askBatch(run, memory, area.used(), batch));
    batch = [];
    area = createArea(memory);
  };
  for (const question of questions) {
    if (area.used() + sizeOf(question, memory) > memory.size) flush();
    batch.push(question(area));
  }
  flush();
  return answers;
}

/** Calls of one thread that ask, and what they need. */
export interface ThreadJob {
  /** The number of the thread. */
  readonly at: number;
  /** Bytes for their answers. */
  readonly size: number;
  /** How many calls. */
  readonly count: number;
  /** What these bytes are before. Default: zeros. */
  readonly bytes?: Uint8Array;
  /** @param start where these bytes are */
  calls(start: number): readonly RemoteCall[];
}

/** Asks several threads, each its own questions, all at once. null: that one has to be asked alone. */
export function askSideBySide<T>(
  run: (jobs: readonly ThreadJob[]) => readonly (AskedCalls | null)[],
  asked: readonly { readonly at: number; readonly questions: readonly ((area: Area) => Inquiry<T>)[] }[],
): (T[] | null)[] {
  const inquiries: (readonly Inquiry<T>[])[] = [];
  const jobs = asked.map(({ at, questions }, which): ThreadJob => {
    const area = createArea({ start: 0, size: Number.POSITIVE_INFINITY });
    const count = questions.reduce((sum, question) => sum + question(area).calls.length, 0);
    return {
      at,
      size: area.used(),
      count,
      calls(start) {
        const there = createArea({ start, size: area.used() });
        const own = questions.map((question) => question(there));
        inquiries[which] = own;
        return own.flatMap(({ calls }) => calls);
      },
    };
  });
  return run(jobs).map((done, which) => (done === null ? null : answersOf(inquiries[which] ?? [], done)));
}

/** Bytes that a question's answers take. */
function sizeOf<T>(question: (area: Area) => Inquiry<T>, memory: DataArea): number {
  const area = createArea(memory);
  question(area);
  return area.used();
}

function askBatch<T>(
  run: (calls: readonly RemoteCall[]) => readonly number[],
  memory: DataArea & { readonly pid: number },
  used: number,
  inquiries: readonly Inquiry<T>[],
): T[] {
  const results = run(inquiries.flatMap(({ calls }) => calls));
  const bytes = used > 0 ? readMemory(memory.pid, memory.start, used) : Buffer.alloc(0);
  return answersOf(inquiries, { results, start: memory.start, bytes });
}

/** What calls that ask came to: their results, and the memory that they have written to. */
export interface AskedCalls {
  readonly results: readonly number[];
  readonly start: number;
  readonly bytes: Buffer;
}

function answersOf<T>(inquiries: readonly Inquiry<T>[], { results, start, bytes }: AskedCalls): T[] {
  const read = (address: number, length: number): Buffer => bytes.subarray(address - start, address - start + length);
  let from = 0;
  return inquiries.map(({ calls, answer }) => {
    const own = results.slice(from, from + calls.length);
    from += calls.length;
    return answer(own, read);
  });
}
