/** Whether the images of a run are a dump: memory that several threads may share. */
export interface CommitMark {
  readonly memory: SharedArrayBuffer;
  /** Marks the images as a dump, or takes that back. */
  markCommitted(committed: boolean): void;
  committed(): boolean;
}

/** Wraps the memory of a mark; without an argument makes a new one, of images that are no dump yet. */
export function createCommitMark(memory: SharedArrayBuffer = new SharedArrayBuffer(4)): CommitMark {
  const cells = new Int32Array(memory);
  return {
    memory,
    markCommitted: (committed) => void Atomics.store(cells, 0, Number(committed)),
    committed: () => Atomics.load(cells, 0) === 1,
  };
}
