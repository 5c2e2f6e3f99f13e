import type { ExpectedCall } from '@criujs/linux';

/** Pages in a row that belong into an image, or are in one. Addresses in bytes. */
export interface PageRun {
  readonly start: number;
  end: number;
  /** Whether a restore may leave them for later: CRIU's mark of private memory without a file. */
  readonly lazy: boolean;
}

/** Where pages come from: a frozen task, an image. It gives its pages once, in order, from one thread. */
export interface PageSource {
  /** All that it has. At a dump in the order of addresses; those of an image as the image has them, and not to be trusted. */
  readonly runs: readonly PageRun[];
  /**
   * A descriptor of the engine's in which the bytes of all runs lie one after the other, from its start: a task may read them
   * itself, in any order, and memory never passes through the engine. null: there is none, and {@link read} is the only way.
   */
  readonly file: number | null;
  /** How any thread of the engine reads its pages, in any order; null: {@link read} is the only way. */
  readonly pieces: PieceReader | null;
  /**
   * Copies what follows the bytes that it gave last into the engine's memory at `address`: at most `length` bytes, across runs.
   * A call lasts milliseconds at most, or reacts to an abort of the run.
   *
   * @returns how many bytes; 0 when all runs were given
   * @throws EngineError when bytes are missing: TARGET_DIED of a task, IMAGE_INVALID of an image
   */
  read(address: number, length: number): number;
  close(): void;
}

/** Reads parts of runs, in any order, while the source is open. */
export interface PieceReader {
  /** Calls that read these parts into the engine's memory, one after the other: one for each. */
  calls(parts: readonly PageRun[], address: number): readonly ExpectedCall[];
  /** Reads these parts in order, with the errors of {@link PageSource.read}. */
  part(parts: readonly PageRun[]): PageSource['read'];
}

/** Bytes of all runs together. */
export function bytesOf(runs: readonly PageRun[]): number {
  return runs.reduce((sum, { start, end }) => sum + (end - start), 0);
}
