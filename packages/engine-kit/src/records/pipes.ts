import { absent, flag, integer, list, nullable, object, oneOf, type Shape } from './json-shape.ts';

/** What waits in a pipe of the images, as far as those do not say it. */
export interface PipeRecord {
  /** With a name or without one: their ids are independent of each other. */
  readonly kind: 'pipe' | 'fifo';
  readonly pipeId: number;
  /** The length of each packet that waits in it, in bytes; null: a stream. pipe(2), O_DIRECT */
  readonly packets: readonly number[] | null;
  /** It has no writer any more, and its readers have been told so; false: none has come yet, or one is there. */
  readonly hungUp?: boolean | undefined;
  /** It has an end outside of the tree, and a restore wants a descriptor for it. criu(8), --inherit-fd */
  readonly external?: boolean | undefined;
}

/** PIPE_BUF, the most that one packet has. pipe(7) */
const largestPacket = 4096;

/** As `criujs.json` has it. */
export const recordedPipe: Shape<PipeRecord> = object({
  kind: oneOf('pipe', 'fifo'),
  pipeId: integer(0, 0xffff_ffff),
  packets: nullable(list(integer(1, largestPacket))),
  hungUp: absent(flag, false),
  external: absent(flag, false),
});
