import { fields, hex } from './text.ts';

/** A descriptor that an epoll watches. */
export interface EpollTarget {
  readonly fd: number;
  readonly events: number;
  readonly data: bigint;
  readonly position: bigint;
  readonly inode: number;
  /** Device of that file as the kernel keeps it: major << 20 | minor. */
  readonly device: number;
}

/** /proc/PID/fdinfo/FD, proc_pid_fdinfo(5). */
export interface Fdinfo {
  readonly position: bigint;
  /** Flags of open(2), O_CLOEXEC among them when the descriptor has it. */
  readonly flags: number;
  readonly mountId: number;
  /** 0 on kernels before 5.14, which do not tell. */
  readonly inode: number;
  readonly eventfdCount?: bigint;
  readonly eventfdSemaphore?: boolean;
  readonly epoll?: readonly EpollTarget[];
  /** The lines of inotify and fanotify, each with its values as the kernel wrote them, in hexadecimal. */
  readonly watches: readonly ReadonlyMap<string, string>[];
  /** The `lock:` lines without their key. */
  readonly locks: readonly string[];
  /** How many operations of a ring of io_uring wait for something, or have completions that it had no room for. */
  readonly ringOperations?: number;
  /** Every other line by its key, as the kernel wrote it; of a key that comes twice, the first. */
  readonly fields: ReadonlyMap<string, string>;
}

const target =
  /^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)\s+data:\s*([0-9a-f]+)(?:\s+pos:\s*(-?\d+)\s+ino:\s*([0-9a-f]+)\s+sdev:\s*([0-9a-f]+))?/;
const lockKey = 'lock:';
/** Lines below `PollList:` and `CqOverflowList:`. io_uring/fdinfo.c of the kernel */
const ringOperation = /^\s+(?:op|user_data)=\d+/;
const watch = /^(?:inotify|fanotify) /;

/** Parses /proc/PID/fdinfo/FD. */
export function parseFdinfo(text: string): Fdinfo {
  const all = fields(text);
  const epoll: EpollTarget[] = [];
  const locks: string[] = [];
  const watches: ReadonlyMap<string, string>[] = [];
  for (const row of text.split('\n')) {
    if (row.startsWith('tfd:')) epoll.push(parseTarget(row));
    if (watch.test(row)) watches.push(valuesOf(row));
    if (row.startsWith(lockKey)) locks.push(row.slice(lockKey.length).trim());
  }
  const operations = text.split('\n').filter((row) => ringOperation.test(row)).length;
  const count = all.get('eventfd-count');
  const semaphore = all.get('eventfd-semaphore');
  return {
    position: BigInt(all.get('pos') ?? 0),
    flags: Number.parseInt(all.get('flags') ?? '0', 8),
    mountId: Number(all.get('mnt_id') ?? 0),
    inode: Number(all.get('ino') ?? 0),
    ...(count === undefined ? {} : { eventfdCount: hex(count) }),
    ...(semaphore === undefined ? {} : { eventfdSemaphore: semaphore === '1' }),
    ...(epoll.length === 0 ? {} : { epoll }),
    ...(operations === 0 ? {} : { ringOperations: operations }),
    watches,
    locks,
    fields: all,
  };
}

/** `key:value` between blanks. */
function valuesOf(row: string): ReadonlyMap<string, string> {
  return new Map([...row.matchAll(/([\w-]+):([0-9a-f]+)/g)].map(([, key = '', value = '']) => [key, value]));
}

function parseTarget(row: string): EpollTarget {
  const match = target.exec(row);
  if (match === null) throw new RangeError(`not an epoll line of fdinfo: ${JSON.stringify(row)}`);
  const [, fd, events = '0', data = '0', position = '0', inode = '0', device = '0'] = match;
  return {
    fd: Number(fd),
    events: Number.parseInt(events, 16),
    data: hex(data),
    position: BigInt(position),
    inode: Number.parseInt(inode, 16),
    device: Number.parseInt(device, 16),
  };
}
