import type { UnixRecord } from '@criujs/engine-kit';
import { peerCredentials, sendPart, syscall } from '@criujs/linux';
import type { FileEntry, LatePlace, LoadContext } from '../opening.ts';
import { furnishSocket, makeRoom } from '../socket-options.ts';
import type { UnixEntry } from './entry.ts';
import type { WaitingPacket } from './queue.ts';
import { fillQueue } from './refill.ts';

/** What is waited with is charged with what the kernel needs to keep it: some times its length, and more for each packet. Bytes. */
const overhead = { times: 4, packet: 4096 } as const;

/** How shutdown(2) shuts halves, by what unix_diag shows of them. */
const shutHow: readonly (number | null)[] = [null, 0, 1, 2];

/** A socket that is made, and the engine's own descriptor of it meanwhile. */
export interface End {
  readonly entry: FileEntry;
  readonly own: UnixEntry;
  readonly fd: number;
}

/** Gives sockets what they had besides their connections. */
export interface Furnisher {
  /** What criujs.json says of it; undefined: nothing, as of images of CRIU. */
  recordOf(entry: FileEntry): UnixRecord | undefined;
  /** What waited in it. */
  queueOf(entry: FileEntry): readonly WaitingPacket[];
  /** Sends packets to a socket. */
  fill(end: Omit<End, 'fd'>, packets: readonly WaitingPacket[], through: number, now: LatePlace['now']): void;
  /** Sizes, options and flags. */
  furnish(end: Omit<End, 'entry'>): void;
  /**
   * Both ends of a connection as they were.
   * @param other null: the other end was closed, and is closed now by whoever has `through`
   * @param through the engine's own descriptor of the other end
   */
  putBack(end: End, other: End | null, through: number, now: LatePlace['now']): void;
}

/** @param queues what waited in each, by its id */
export function createFurnisher(
  queues: ReadonlyMap<number, readonly WaitingPacket[]>,
  { records, session: { warn }, descriptor }: Pick<LoadContext, 'records' | 'session' | 'descriptor'>,
): Furnisher {
  const recorded = new Map(records?.unixSockets?.map((it) => [it.id, it]));
  const queueOf = ({ id }: FileEntry): readonly WaitingPacket[] => queues.get(id) ?? [];

  function fill(
    { own }: Omit<End, 'fd'>,
    packets: readonly WaitingPacket[],
    through: number,
    now: LatePlace['now'],
  ): void {
    if (packets.length === 0) return;
    const bytes = packets.reduce((sum, it) => sum + it.bytes.length, 0);
    makeRoom(through, bytes * overhead.times + packets.length * overhead.packet);
    fillQueue(packets, { fd: through, type: own.type, what: `unix socket ${own.ino}`, descriptor, now, warn });
  }

  function furnish({ own, fd }: Omit<End, 'entry'>): void {
    furnishSocket(fd, own, `unix socket ${own.ino}`, warn);
  }

  function shut({ own, fd }: End): void {
    const how = shutHow[own.shutdown ?? 0] ?? null;
    if (how !== null) syscall('shutdown', fd, how);
  }

  function checkMaker({ entry, own, fd }: End): void {
    const told = recorded.get(entry.id)?.peer;
    if (told === undefined) return;
    const { uid, gid } = peerCredentials(fd);
    if (uid !== told.uid || gid !== told.gid)
      warn(
        `unix socket ${own.ino}: the user of its other end (SO_PEERCRED) is ${uid}:${gid} now, and was ${told.uid}:${told.gid}`,
      );
  }

  return {
    recordOf: ({ id }) => recorded.get(id),
    queueOf,
    fill,
    furnish,
    putBack(end, other, through, now) {
      fill(end, queueOf(end.entry), through, now);
      if (other !== null) fill(other, queueOf(other.entry), end.fd, now);
      const both = other === null ? [end] : [end, other];
      for (const it of both) {
        furnish(it);
        checkMaker(it);
      }
      for (const it of both) if (other !== null) shut(it);
      if (other === null && recorded.get(end.entry.id)?.isReset === true) sendPart(end.fd, Buffer.from([0]));
    },
  };
}
