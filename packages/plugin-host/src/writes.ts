import type { HostError } from './errors.ts';

/** Does a write into the image for a call. `what` says it as the plugin wrote it: `image.write('state', …)`. */
export type WriteGuard = <T>(what: string, write: (tether: Tether) => Promise<T>) => Promise<T>;

/** Ends the stream that a part is written from as soon as the call has failed. */
export type Tether = <T>(data: AsyncIterable<T>) => AsyncIterable<T>;

/** Gives the error that a write is refused with. */
export type Refuse = (what: string) => HostError;

/** What one call writes into its plugin's part of the image. */
export interface Writes {
  readonly guard: WriteGuard;
  /** Notes that the call has used the image otherwise than by writing: it asked for its directories. */
  touch(): void;
  /** Whether the call has used the image: written anything, tried to, or `touch`. */
  begun(): boolean;
  /** What is being written now. */
  open(): readonly string[];
  /** Refuses every write from now on; one that is open goes on, and rejects with the same error if it fails. */
  close(refuse: Refuse): void;
  /** Calls back when the last open write has ended. */
  whenSettled(then: () => void): void;
  /** Ends the streams of open writes. */
  cut(error: HostError): void;
}

interface OpenWrite {
  readonly what: string;
  cut?: (error: HostError) => void;
}

/** @param running gets each write while it is open */
export function createWrites(running: Set<Promise<unknown>>): Writes {
  const open = new Set<OpenWrite>();
  let refuse: Refuse | undefined;
  let begun = false;
  let settled = (): void => undefined;
  const refusal = (what: string): HostError | undefined => refuse?.(what);
  return {
    async guard(what, write) {
      begun = true;
      const late = refusal(what);
      if (late !== undefined) throw late;
      const own: OpenWrite = { what };
      open.add(own);
      const work = write((data) => tethered(data, own));
      running.add(work);
      try {
        return await work;
      } catch (error) {
        throw refusal(what) ?? error;
      } finally {
        running.delete(work);
        open.delete(own);
        if (open.size === 0) settled();
      }
    },
    touch() {
      begun = true;
    },
    begun: () => begun,
    open: () => [...open].map(({ what }) => what),
    close(how) {
      refuse = how;
    },
    whenSettled(then) {
      settled = then;
    },
    cut(error) {
      for (const it of open) it.cut?.(error);
    },
  };
}

async function* tethered<T>(data: AsyncIterable<T>, write: OpenWrite): AsyncGenerator<T> {
  const source = data[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        write.cut = reject;
        Promise.resolve(source.next()).then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that hangs would hold the write. What it throws has no reader any more.
    void (async () => source.return?.())().catch(() => undefined);
  }
}
