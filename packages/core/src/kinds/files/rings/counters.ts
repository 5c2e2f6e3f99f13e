import type { Fdinfo } from '@criujs/linux';
import type { Problem } from '../held.ts';

/** What the kernel shows of a ring: its sizes, and how far both queues are. Positions count up to 2^32 and begin anew. */
export interface RingCounters {
  readonly entries: number;
  readonly completions: number;
  /** How many submissions the kernel has taken, and how many completions it has given: the same where nothing is in flight. */
  readonly count: number;
  /** How many submissions the program has made. */
  readonly tail: number;
  /** How many completions it has taken. */
  readonly head: number;
}

type Part = Pick<Problem, 'why' | 'remedy' | 'passes'>;

const inFlight = {
  why: 'operations of it are in flight, and only the kernel knows them',
  remedy: 'Dump when they are done, or let the program cancel what waits for long (IORING_OP_ASYNC_CANCEL).',
  passes: true,
} as const;
const close = 'Let the program unregister it before the dump.';

/** What keeps a ring from being dumped, by what its fdinfo shows. `show_fdinfo` in io_uring/fdinfo.c of the kernel */
const obstacles: readonly (Part & { readonly stands: (info: Fdinfo) => boolean })[] = [
  {
    stands: ({ fields }) => !['CachedSqHead', 'CachedCqTail', 'SqThread', 'PollList'].every((key) => fields.has(key)),
    why: 'the kernel does not show its state: it is at work on it, or too old',
    remedy: 'Dump it a moment later, or on Linux 5.19 or newer.',
    passes: true,
  },
  {
    stands: ({ fields }) => fields.get('SqThread') !== '-1',
    why: 'a thread of the kernel takes its submissions (IORING_SETUP_SQPOLL), which is not supported yet',
    remedy: 'Run the program without it; for one that uses libuv, such as Node, with UV_USE_IO_URING=0.',
  },
  {
    stands: ({ fields }) => fields.get('UserFiles') !== '0',
    why: 'files are registered with it, which is not supported yet',
    remedy: close,
  },
  {
    stands: ({ fields }) => fields.get('UserBufs') !== '0',
    why: 'buffers are registered with it, which is not supported yet',
    remedy: close,
  },
  {
    stands: ({ fields }) => fields.has('Personalities'),
    why: 'credentials are registered with it, which is not supported yet',
    remedy: close,
  },
  {
    stands: ({ fields }) => !['disabled', undefined].includes(fields.get('NAPI')),
    why: 'it polls network devices itself, which is not supported yet',
    remedy: close,
  },
  { stands: ({ ringOperations = 0 }) => ringOperations > 0, ...inFlight },
  {
    stands: ({ fields }) => fields.get('CachedSqHead') !== fields.get('CachedCqTail'),
    ...inFlight,
    why: 'operations of it are in flight, or had more completions than one, or none (multishot, IOSQE_CQE_SKIP_SUCCESS): nothing tells which',
  },
  {
    stands: ({ fields }) => fields.get('SqHead') !== fields.get('CachedSqHead'),
    why: 'the kernel is taking submissions',
    remedy: 'Dump it a moment later.',
    passes: true,
  },
  {
    stands: ({ fields }) => fields.get('CqTail') !== fields.get('CachedCqTail'),
    why: 'the kernel is giving completions',
    remedy: 'Dump it a moment later.',
    passes: true,
  },
];

/** The first thing that keeps a ring from being dumped, by what the kernel shows of it; null: nothing. */
export function ringObstacle(info: Fdinfo): Part | null {
  const found = obstacles.find(({ stands }) => stands(info));
  if (found === undefined) return null;
  const { stands: _, ...part } = found;
  return part;
}

/** What the kernel shows of a ring that nothing keeps from being dumped. */
export function ringCounters({ fields }: Fdinfo): RingCounters {
  const of = (key: string): number => Number(fields.get(key) ?? 0);
  return {
    entries: of('SqMask') + 1,
    completions: of('CqMask') + 1,
    count: of('CachedSqHead'),
    tail: of('SqTail'),
    head: of('CqHead'),
  };
}

/** How far one position is before another. */
export function distance(from: number, to: number): number {
  return (to - from) >>> 0;
}
