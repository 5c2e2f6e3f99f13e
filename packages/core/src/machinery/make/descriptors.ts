import type { TaskCall } from '../calls/remote.ts';

/** O_CLOEXEC, the one flag that dup3(2) takes. */
const closeOnExec = 0o2000000;
const lastDescriptor = 0xffff_ffff;

/** A descriptor of a restored task: its number, the one that the helper brought along, and whether exec closes it. */
export interface Placement {
  readonly fd: number;
  readonly source: number;
  readonly cloexec: boolean;
}

/** Numbers for the helper's descriptors that no restored task uses. */
export function createInheritance(used: ReadonlySet<number>): {
  /** The number at which every task will find a descriptor of the engine's. */
  at(fd: number): number;
  readonly list: readonly { fd: number; as: number }[];
} {
  const list: { fd: number; as: number }[] = [];
  const known = new Map<number, number>();
  let next = firstInherited;
  return {
    list,
    at: (fd) => {
      const there = known.get(fd);
      if (there !== undefined) return there;
      while (used.has(next)) next++;
      const as = next++;
      known.set(fd, as);
      list.push({ fd, as });
      return as;
    },
  };
}

/** Lower numbers are left to programs, so that few are in the way. */
const firstInherited = 64;

/** Calls that put every descriptor at its number and close all others. */
export function placeCalls(placements: readonly Placement[]): TaskCall[] {
  const sorted = [...placements].sort((a, b) => a.fd - b.fd);
  const calls = sorted.map(
    ({ fd, source, cloexec }): TaskCall => ({
      name: 'dup3',
      args: [source, fd, cloexec ? closeOnExec : 0],
      what: `open descriptor ${fd}`,
    }),
  );
  let free = 0;
  for (const { fd } of sorted) {
    if (fd > free) calls.push(closeCall(free, fd - 1));
    free = fd + 1;
  }
  calls.push(closeCall(free, lastDescriptor));
  return calls;
}

function closeCall(first: number, last: number): TaskCall {
  return { name: 'close_range', args: [first, last, 0], what: 'close the descriptors of the engine' };
}
