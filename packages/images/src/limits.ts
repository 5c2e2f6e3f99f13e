/** Bounds on what an image may declare. Nothing is allocated for a size before that many bytes were seen. */
export interface Limits {
  /** Bytes of one encoded message. */
  readonly entry: number;
  /** Bytes that follow one message, when read from a stream; in a whole image they are not copied and not limited. */
  readonly data: number;
  /** List items, nested messages and unknown fields in one message, all together. */
  readonly items: number;
  /** Messages in an image that is read as a whole. */
  readonly records: number;
  /** Levels of messages in messages. */
  readonly depth: number;
}

/** Far above what CRIU writes, far below what hurts. */
export const defaultLimits: Limits = {
  entry: 32 * 1024 * 1024,
  data: 256 * 1024 * 1024,
  items: 1024 * 1024,
  records: 1024 * 1024,
  depth: 64,
};

/** What a caller may say about an image that is read or written. */
export interface Where {
  /** Name of the image, for errors. */
  readonly file?: string | undefined;
  /** Replaces some of `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Called after every thousand messages while an image is decoded; what it throws ends that. */
  readonly check?: (() => void) | undefined;
}
