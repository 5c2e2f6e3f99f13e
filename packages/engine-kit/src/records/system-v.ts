import { absent, integer, list, nullable, object, type Shape } from './json-shape.ts';

/** What CRIU's images do not say of a System V shared memory segment. A later object with the same id differs in it. */
export interface SegmentRecord {
  readonly id: number;
  /** The pid of whoever made it. */
  readonly creator: number;
  /** When it was made or changed, in seconds since 1970. shmctl(2), `shm_ctime` */
  readonly ctime: number;
}

/** The same of a semaphore set. */
export interface SetRecord {
  readonly id: number;
  readonly ctime: number;
  /** Processes of the tree that were the last to use a semaphore, by its number. semctl(2), GETPID */
  readonly users: readonly { readonly at: number; readonly pid: number }[];
}

/** The same of a message queue. */
export interface QueueRecord {
  readonly id: number;
  readonly ctime: number;
  /** The processes of the tree that sent and received last; null: others, or nobody. msgctl(2) */
  readonly sender: number | null;
  readonly receiver: number | null;
}

/** What CRIU's images do not say of System V objects. */
export interface SystemVRecords {
  readonly segments: readonly SegmentRecord[];
  readonly sets: readonly SetRecord[];
  readonly queues: readonly QueueRecord[];
}

const id = integer(0, 0x7fff_ffff);
const pid = integer(0, 2 ** 22);
const seconds = integer(0, Number.MAX_SAFE_INTEGER);

/** As `criujs.json` has it. */
export const recordedSystemV: Shape<SystemVRecords> = object({
  segments: absent(list(object({ id, creator: pid, ctime: seconds })), []),
  sets: absent(list(object({ id, ctime: seconds, users: list(object({ at: integer(0, 0xffff), pid })) })), []),
  queues: absent(list(object({ id, ctime: seconds, sender: nullable(pid), receiver: nullable(pid) })), []),
});
