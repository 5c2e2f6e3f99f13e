import type { RemoteCall } from '@criujs/linux';

/** Where pages go: an image, a task that is being built. Made for the runs of one source; takes their bytes once. */
export interface PageSink {
  /**
   * Takes the bytes that follow those that it took last, from the engine's memory.
   * @throws EngineError when they cannot be put where they belong
   */
  write(address: number, length: number): void;
  /** How bytes are put in any order, by any thread of the engine, instead of {@link write}; null: there is no such way. */
  readonly places: PlaceWriter | null;
  /** Called when all bytes were written. @returns how many bytes {@link write} took */
  end(): number;
  /** Called instead of {@link end} after a failure: what it took counts for nothing. Never throws. */
  giveUp(): void;
}

/** Puts bytes where they belong, `at` bytes behind the first one. */
export interface PlaceWriter {
  /** A call that writes them; its answer is how many. */
  call(address: number, length: number, at: number): RemoteCall;
  /** Writes all of them, with the errors of {@link PageSink.write}. */
  write(address: number, length: number, at: number): void;
}
