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

/** A number of a task's, and the engine's descriptor that is to be there. */
type Wanted = Pick<Placement, 'fd' | 'source'>;

/** Where every task finds the engine's descriptors. */
export interface Inheritance {
  /** The number of one of them. */
  at(fd: number): number;
  readonly list: readonly { readonly fd: number; readonly as: number }[];
}

/**
 * Numbers for the helper's descriptors: the one that a descriptor is to have in the end, where all tasks that use this number agree
 * about it; else one that no task uses. So a program comes back that has nearly as many as its limit allows.
 */
export function createInheritance(wanted: Iterable<Wanted>): Inheritance {
  const list: { fd: number; as: number }[] = [];
  const known = new Map<number, number>();
  const { used, homes } = homesOf(wanted);
  let next = firstInherited;
  const nextFree = (): number => {
    while (used.has(next)) next++;
    return next++;
  };
  return {
    list,
    at: (fd) => {
      const there = known.get(fd);
      if (there !== undefined) return there;
      const as = homes.get(fd) ?? nextFree();
      known.set(fd, as);
      list.push({ fd, as });
      return as;
    },
  };
}

/** All numbers that tasks use, and one for each source that means nothing else to any of them. */
function homesOf(wanted: Iterable<Wanted>): { used: ReadonlySet<number>; homes: ReadonlyMap<number, number> } {
  const meanings = new Map<number, number | null>();
  for (const { fd, source } of wanted) {
    const known = meanings.get(fd);
    meanings.set(fd, known === undefined || known === source ? source : null);
  }
  const homes = new Map<number, number>();
  for (const [fd, source] of meanings) if (source !== null && !homes.has(source)) homes.set(source, fd);
  return { used: new Set(meanings.keys()), homes };
}

/** Lower numbers are left to programs, so that few are in the way. */
const firstInherited = 64;

/** F_SETFD and FD_CLOEXEC. fcntl(2). */
const setDescriptorFlags = 2;
const closeOnExecFlag = 1;

/** Calls that put every descriptor at its number and close all others. */
export function placeCalls(placements: readonly Placement[]): TaskCall[] {
  const sorted = [...placements].sort((a, b) => a.fd - b.fd);
  const calls = sorted.map(
    ({ fd, source, cloexec }): TaskCall => ({
      ...(source === fd
        ? { name: 'fcntl', args: [fd, setDescriptorFlags, cloexec ? closeOnExecFlag : 0] }
        : { name: 'dup3', args: [source, fd, cloexec ? closeOnExec : 0] }),
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
