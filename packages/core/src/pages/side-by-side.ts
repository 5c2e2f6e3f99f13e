import { availableParallelism } from 'node:os';
import { arena, createHand, type ExpectedCall, type Hand, trySyscall } from '@criujs/linux';

/** Work that several threads of the engine do side by side, with system calls only. */
export interface SharedWork<T> {
  /** Each takes milliseconds: an abort is heard between two. They may be done in any order. */
  readonly pieces: readonly T[];
  /** The most calls that a piece takes. */
  readonly capacity: number;
  /**
   * Sets memory of the arena aside for one thread, and gives the calls for its pieces, one after the other. A piece is done when
   * all calls answer what is expected.
   */
  bench(): (piece: T) => readonly ExpectedCall[];
}

/** More threads than this wait for the same memory. */
const mostHands = 4;
/** How long the engine waits for one hand before it looks at the others, in milliseconds. */
const lookMs = 1;

/** A hand, and what it is doing. */
interface Worker<T> {
  readonly hand: Hand;
  readonly callsOf: (piece: T) => readonly ExpectedCall[];
  piece: T | null;
}

/**
 * Does work on as many processors as there are.
 *
 * @param check called again and again; what it throws ends the work, once what is being done is over
 * @returns pieces that failed: they may be done in part
 */
export function sideBySide<T>({ pieces, capacity, bench }: SharedWork<T>, check: () => void): T[] {
  const failed: T[] = [];
  const count = Math.min(availableParallelism(), mostHands, pieces.length);
  let next = 0;
  arena.scope(() => {
    const workers = Array.from({ length: count }, (): Worker<T> => {
      return { hand: createHand(capacity), callsOf: bench(), piece: null };
    });
    const busy = (): Worker<T>[] => workers.filter(({ piece }) => piece !== null);
    const settle = (worker: Worker<T>, succeeded: boolean): void => {
      if (!succeeded) failed.push(worker.piece as T);
      worker.piece = null;
    };
    /** Waits for one, and settles all that are over. */
    const wait = (milliseconds: number): void => {
      const all = busy();
      all[0]?.hand.wait(milliseconds);
      for (const worker of all) if (worker.hand.wait(0)) settle(worker, worker.hand.succeeded());
    };
    try {
      while (next < pieces.length) {
        for (const worker of workers) {
          if (worker.piece !== null || next === pieces.length) continue;
          worker.piece = pieces[next++] as T;
          const calls = worker.callsOf(worker.piece);
          // Without a second thread this one does it.
          if (count === 1 || !worker.hand.start(calls)) settle(worker, makeCalls(calls));
        }
        wait(lookMs);
        check();
      }
    } finally {
      while (busy().length > 0) wait(lookMs);
    }
  });
  check();
  return failed;
}

function makeCalls(calls: readonly ExpectedCall[]): boolean {
  return calls.every(({ call: [name, ...args], expect }) => trySyscall(name, ...args) === expect);
}
