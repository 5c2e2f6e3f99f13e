/**
 * Images that do not live in a directory: the caller's own place for one dump. All functions run on the caller's thread, and each
 * has `hookDeadline` milliseconds to answer.
 */
export interface ImageStore {
  /**
   * Claims the store for one run, until `commit` or `abort`, or until this process ends. For a dump it throws an error with
   * code `EBUSY` when any other run has a claim, and with code `EEXIST` when there is a dump and `force` is not set; for a restore
   * it throws `EBUSY` when a dump has a claim. Errors with these codes become IMAGES_BUSY and IMAGES_EXIST.
   */
  begin(purpose: ImagePurpose): ImageTransaction | Promise<ImageTransaction>;
}

/** What a store is opened for. */
export type ImagePurpose = { readonly stage: 'dump'; readonly force: boolean } | { readonly stage: 'restore' };

/**
 * The images of one run in an {@link ImageStore}. Names are those of CRIU's images and have no slash; parts that plugins wrote are
 * named `criujs.PLUGIN.NAME`.
 *
 * A descriptor may be that of a file (a regular file, a memfd), or of a stream: a pipe, a FIFO, or a stream socket. The run reads and
 * writes a stream once, from its start to its end, never sets its flags, and waits for its other end as long as it heeds an abort: a
 * stream through which nothing goes for `hookDeadline` milliseconds fails the run with HOOK_TIMEOUT. Nobody else may use it meanwhile.
 * The other end may be served by the caller's thread. What is written to a stream arrives whole by its end; a `commit` waits for that.
 *
 * A dump writes images one after the other: the small ones first, `inventory.img` as the last of these, then `pages-N.img`. A restore
 * reads the small ones first, asks once for each that comes as a stream, and reads it whole within `hookDeadline`. Then it opens
 * `pages-N.img`, all of them before the first process is made, and reads them one after the other, in the order of the dump. A file of
 * pages is the faster one: tasks read it themselves, and its size is checked before any of them is made; a stream that ends too early
 * fails the restore when it does, and what was made is ended.
 *
 * What a dump writes is seen by nobody else before `commit`. Whatever happens before it, the store holds what it held, and the tree
 * runs on. A process that ends between the commit and the end of the tree leaves a whole dump and, for a moment or for good, the
 * running tree.
 */
export interface ImageTransaction {
  /**
   * Opens an image and gives a real descriptor (file, pipe …) that the run closes. 'write' creates it, or empties it; 'read' gives
   * what this run wrote, or at a restore what the store holds. 'read' of an image that is not there throws an error with code
   * `ENOENT`.
   */
  open(name: string, mode: 'read' | 'write'): number | Promise<number>;
  /** Names of all images. Only needed by plugins that list their own parts. */
  list?(): readonly string[] | Promise<readonly string[]>;
  /**
   * Makes all that was written the dump that the store holds, in one step, in place of an older one; when it settles, that must be
   * safe. All descriptors are closed by then. The tree is stopped meanwhile, and ends only afterwards. Called once, by a dump only.
   */
  commit(): void | Promise<void>;
  /**
   * Gives the run up: the store holds what it held before. It also ends a restore. A `commit` that throws, is not answered in time
   * or is overtaken by the run's abort is followed by it, while it may still be at work: then it must not come into effect.
   */
  abort(): void | Promise<void>;
}
