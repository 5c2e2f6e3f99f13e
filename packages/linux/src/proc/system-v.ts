import { readFileSync } from 'node:fs';

/** What an object of any sort has: its mode with the kernel's marks, such as SHM_DEST; times in seconds since 1970. */
interface Common {
  readonly key: number;
  readonly id: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly cuid: number;
  readonly cgid: number;
  readonly ctime: number;
}

/** System V objects, by the names of their lists in /proc/sysvipc. sysvipc(7) */
export interface SystemVObjects {
  /** A segment: its size in bytes, the pids of who made it and who used it last, how often it is attached. */
  readonly shm: Common & {
    readonly size: number;
    readonly creator: number;
    readonly last: number;
    readonly attached: number;
    readonly atime: number;
    readonly dtime: number;
  };
  /** A set of `count` semaphores. */
  readonly sem: Common & { readonly count: number; readonly otime: number };
  /** A queue: `count` messages with `bytes` of text, the pids of who sent and who received last. */
  readonly msg: Common & {
    readonly bytes: number;
    readonly count: number;
    readonly sender: number;
    readonly receiver: number;
    readonly stime: number;
    readonly rtime: number;
  };
}

export type SystemVSort = keyof SystemVObjects;

/** A line of such a list. */
export type SystemVObject<S extends SystemVSort> = SystemVObjects[S];

/** The columns that kernels have had from the beginning. ipc/shm.c, sem.c, msg.c of Linux: sysvipc_*_proc_show */
const columns: { readonly [S in SystemVSort]: readonly (keyof SystemVObjects[S])[] } = {
  // biome-ignore format: a heading is a line
  shm: ['key', 'id', 'mode', 'size', 'creator', 'last', 'attached', 'uid', 'gid', 'cuid', 'cgid', 'atime', 'dtime', 'ctime'],
  sem: ['key', 'id', 'mode', 'count', 'uid', 'gid', 'cuid', 'cgid', 'otime', 'ctime'],
  // biome-ignore format: a heading is a line
  msg: ['key', 'id', 'mode', 'bytes', 'count', 'sender', 'receiver', 'uid', 'gid', 'cuid', 'cgid', 'stime', 'rtime', 'ctime'],
};

/** All objects of our IPC namespace; none where the kernel has none of them. */
export function readSystemV<S extends SystemVSort>(sort: S): SystemVObject<S>[] {
  let text: string;
  try {
    text = readFileSync(`/proc/sysvipc/${sort}`, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return parseSystemV(sort, text);
}

/** Parses such a list. */
export function parseSystemV<S extends SystemVSort>(sort: S, text: string): SystemVObject<S>[] {
  const names: readonly string[] = columns[sort];
  const rows = text.split('\n').slice(1).filter(Boolean);
  return rows.map((row) => {
    const values = row.trim().split(/\s+/);
    return Object.fromEntries(
      names.map((name, at) => [name, Number.parseInt(values[at] ?? '', name === 'mode' ? 8 : 10)]),
    ) as unknown as SystemVObject<S>;
  });
}
