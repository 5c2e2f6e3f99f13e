import { readMaps, unlessGone, type Vma } from '@criujs/linux';
import { ringPart } from '../../../facts/io-uring.ts';
import type { Problem, SeenFile, Tree } from '../held.ts';
import { distance, ringCounters, ringObstacle } from './counters.ts';
import { evidentSetup } from './evidence.ts';
import { libuvRing } from './libuv.ts';
import type { RingSize } from './memory.ts';
import { registeredWith } from './probe.ts';

/** The kernel's link to a ring, and the name of its maps. */
export const ringLink = 'anon_inode:[io_uring]';
/** A ring in words. */
export const ringName = 'asynchronous I/O ring (io_uring)';

/** The most operations that bring a new ring to a position, and the most times that it is filled for that: half a minute each. */
const most = { operations: 2 ** 29, rounds: 2 ** 20 } as const;

/** Whether a position is too far to go there again. Where programs keep positions of their own, only the same one is true. */
export function isTooFar({ count, entries }: { readonly count: number; readonly entries: number }): boolean {
  return count > most.operations || count > most.rounds * entries;
}

/** How a ring was set up. */
export interface RingSetup extends RingSize {
  /** Whether libuv's own memory tells; else that of the ring and its answers do, which do not show every flag. */
  readonly isTold: boolean;
}

/** How a ring was set up, or why it cannot be dumped. Looks only. */
export function ringSetupOf(file: SeenFile, tree: Tree): RingSetup | Problem {
  const found = known.get(file) ?? setupOf(file, tree);
  known.set(file, found);
  return found;
}

/** A ring is looked at once for each look at its descriptor: its process's memory is searched. */
const known = new WeakMap<SeenFile, RingSetup | Problem>();

function setupOf(file: SeenFile, tree: Tree): RingSetup | Problem {
  const obstacle = ringObstacle(file.info);
  if (obstacle !== null) return problem(obstacle);
  const same = tree.all.filter(({ link, stat: { ino } }) => link === ringLink && ino === file.stat.ino);
  if (same.some(({ pid }) => pid !== file.pid))
    return problem({
      why: 'several processes have it, which is not supported yet',
      remedy: 'Let each process make rings of its own.',
    });
  const counters = ringCounters(file.info);
  if (isTooFar(counters))
    return problem({
      why: `${counters.count} operations were made with it, which is too far to go again`,
      remedy: 'Let the program make a new ring.',
    });
  const maps = unlessGone<Vma[]>(() => readMaps(file.pid), []).filter((vma) => isOf(vma, file));
  const [queues, ...others] = at(maps, ringPart.queues);
  const [submissions, ...more] = at(maps, ringPart.submissions);
  if (queues === undefined || submissions === undefined || others.length + more.length > 0)
    return problem({
      why: 'the program has its memory elsewhere than the kernel gives it, or more than once, or of several rings',
      remedy: 'Let the program map both parts of it once (no IORING_SETUP_NO_MMAP), on Linux 6.5 or newer.',
    });
  const fds = same.map(({ fd }) => fd);
  const where = { queues: queues.start, submissions: submissions.start };
  const { entries, completions } = counters;
  const known = libuvRing(file.pid, where, fds, counters);
  if (known !== null) return { ...known, entries, completions, isTold: true };
  const found = tree.borrow(file, (fd) => registeredWith(fd) ?? evidentSetup(fd, counters));
  return 'why' in found ? problem(found) : { ...found, entries, completions, isTold: false };
}

function isOf({ name, inode }: Vma, { stat }: SeenFile): boolean {
  return name === ringLink && BigInt(inode) === stat.ino;
}

function at(maps: readonly Vma[], offset: number): readonly Vma[] {
  return maps.filter((vma) => vma.offset === offset);
}

function problem(part: Omit<Problem, 'file'>): Problem {
  return { file: ringName, ...part };
}

/** Whether positions can be those of one ring: no queue holds more than it has room for. */
export function fits({
  entries,
  completions,
  ...where
}: RingSize & { readonly count: number; readonly tail: number; readonly head: number }): boolean {
  return (
    [entries, completions].every((it) => (it & (it - 1)) === 0) &&
    entries <= completions &&
    distance(where.count, where.tail) <= entries &&
    distance(where.head, where.count) <= completions
  );
}
