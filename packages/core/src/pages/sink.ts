/** Where pages go: an image, a task that is being built. Made for the runs of one source; takes their bytes once, in order. */
export interface PageSink {
  /**
   * Takes the bytes that follow those that it took last, from the engine's memory.
   * @throws EngineError when they cannot be put where they belong
   */
  write(address: number, length: number): void;
  /** Called when all bytes were written. @returns how many bytes it took */
  end(): number;
  /** Called instead of {@link end} after a failure: what it took counts for nothing. Never throws. */
  giveUp(): void;
}
