import { availableParallelism } from 'node:os';
import { arena, createHand, type ExpectedCall, type Hand, trySyscall } from '@criujs/linux';

/** Work that several threads of the engine do side by side, with system calls only. */
export interface SharedWork<T> {
  /** Each takes milliseconds: an abort is heard between two. They may be done in any order. */
  readonly pieces: Iterable<T>;
  /** The most calls that a piece takes. */
  readonly capacity: number;
  /**
   * Sets memory of the arena aside for one thread, and gives the calls for its pieces, one after the other. A piece is done when
   * all calls answer what is expected.
   */
  bench(): (piece: T) => readonly ExpectedCall[];
  /** Called for a piece that failed: it may be done in part. What it throws ends the work. */
  failed(piece: T): void;
}

/** More threads than this wait for the same memory. */
const mostHands = 4;
/** How long the engine waits for one hand before it looks at the others, in milliseconds. */
const lookMs = 1;

/** Less than this, in bytes, is moved before another thread has begun. */
export const worthwhile: number = 4 << 20;

/** Whether moving so many bytes is done sooner by several threads: with one processor it is not. */
export function isSoonerSideBySide(bytes: number): boolean {
  return bytes >= worthwhile && availableParallelism() > 1;
}

/** A hand, and what it is doing. */
interface Worker<T> {
  readonly hand: Hand;
  readonly callsOf: (piece: T) => readonly ExpectedCall[];
  piece: T | null;
}

/**
 * Does work on as many processors as there are.
 * @param check called again and again; what it throws ends the work, once what is being done is over
 */
export function sideBySide<T>(work: SharedWork<T>, check: () => void): void {
  const most = Math.min(availableParallelism(), mostHands);
  const pieces = work.pieces[Symbol.iterator]();
  arena.scope(() => {
    const workers: Worker<T>[] = [];
    const busy = (): Worker<T>[] => workers.filter(({ piece }) => piece !== null);
    const idle = (): Worker<T> => {
      const known = workers.find(({ piece }) => piece === null);
      if (known !== undefined) return known;
      const made = { hand: createHand(work.capacity), callsOf: work.bench(), piece: null };
      workers.push(made);
      return made;
    };
    const settle = (worker: Worker<T>, succeeded: boolean): void => {
      const { piece } = worker;
      worker.piece = null;
      if (!succeeded) work.failed(piece as T);
    };
    /** Waits for one, and settles all that are over. */
    const wait = (): void => {
      const all = busy();
      all[0]?.hand.wait(lookMs);
      for (const worker of all) if (worker.hand.wait(0)) settle(worker, worker.hand.succeeded());
    };
    try {
      for (let next = pieces.next(); !next.done; next = pieces.next()) {
        const worker = idle();
        worker.piece = next.value;
        const calls = worker.callsOf(next.value);
        // Without a second thread this one does it.
        if (most === 1 || !worker.hand.start(calls)) settle(worker, makeCalls(calls));
        while (busy().length === most) {
          wait();
          check();
        }
        check();
      }
      while (busy().length > 0) {
        wait();
        check();
      }
    } finally {
      // What they use is given back.
      for (const { hand } of busy()) hand.stop();
      for (const { hand } of busy()) while (!hand.wait(lookMs));
    }
  });
}

function makeCalls(calls: readonly ExpectedCall[]): boolean {
  return calls.every(({ call: [name, ...args], expect }) => trySyscall(name, ...args) === expect);
}
