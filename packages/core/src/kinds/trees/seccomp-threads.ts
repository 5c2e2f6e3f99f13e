import { prctl } from '../../facts/prctl.ts';
import { filterProgram, seccompFlag, seccompOperation } from '../../facts/seccomp.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { ThreadStep } from './kind.ts';
import type { LoadedFilter, ThreadLimits } from './seccomp-load.ts';

/** Something that a thread sets, and what tells it from others. */
interface Setting {
  readonly key: string;
  readonly calls: readonly TaskCall[];
}

/** A thread by its number in its process, and what it has set, the first thing first. */
interface Member {
  readonly at: number;
  readonly settings: readonly Setting[];
}

/**
 * How the threads of a process come to be: those that have the same filters are cloned by the one that sets these first, since only
 * threads that share theirs may get others at once later (SECCOMP_FILTER_FLAG_TSYNC).
 *
 * @param limits of each thread, the main thread first
 * @param isLimited whether they have no rights beyond those of an ordinary user, who must give up new privileges first
 */
export function threadSteps(limits: readonly ThreadLimits[], isLimited: boolean): ThreadStep[] {
  const [main, ...others] = limits.map((it, at): Member => ({ at, settings: settingsOf(it, isLimited) }));
  return main === undefined ? [] : grow(main, others, 0);
}

/** @param first exists and has set the first `depth` things, which all have; the others are to come */
function grow(first: Member, others: readonly Member[], depth: number): ThreadStep[] {
  const groups = new Map<string | undefined, Member[]>();
  for (const it of others) {
    const key = it.settings[depth]?.key;
    groups.set(key, [...(groups.get(key) ?? []), it]);
  }
  const next = first.settings[depth];
  const alike = groups.get(next?.key) ?? [];
  groups.delete(next?.key);
  const apart = [...groups.values()].flatMap(([leader, ...rest]) =>
    leader === undefined ? [] : [clone(leader, first), ...grow(leader, rest, depth)],
  );
  if (next === undefined) return [...apart, ...alike.map((it) => clone(it, first))];
  return [...apart, { at: first.at, calls: next.calls }, ...grow(first, alike, depth + 1)];
}

function clone({ at }: Member, from: Member): ThreadStep {
  return { at, from: from.at };
}

function settingsOf(limits: ThreadLimits, isLimited: boolean): Setting[] {
  const before = isLimited ? [noNewPrivileges] : [];
  const set = (key: string, call: TaskCall): Setting => ({ key, calls: [...before, call] });
  if (limits.mode === 'none') return [];
  if (limits.mode === 'strict') return [set('strict', strictCall)];
  return limits.chain.map((it) => set(`${it.flags} ${Buffer.from(it.program).toString('latin1')}`, filterCall(it)));
}

const noNewPrivileges: TaskCall = {
  name: 'prctl',
  args: [prctl.setNoNewPrivileges, 1, 0, 0, 0],
  what: 'forbid new privileges',
};

const strictCall: TaskCall = {
  name: 'seccomp',
  args: [seccompOperation.setStrict, 0, 0],
  what: 'enter the strict mode of seccomp',
};

function filterCall({ program, flags }: LoadedFilter): TaskCall {
  const header = Buffer.alloc(socketFilter.length);
  header.writeUInt16LE(program.length / filterProgram.instruction, 0);
  // All threads that are to share it are made after it.
  const own = flags & ~seccompFlag.tsync;
  return {
    name: 'seccomp',
    args: [seccompOperation.setFilter, own, { bytes: header, pointers: [{ at: socketFilter.program, to: program }] }],
    what: 'set a filter of system calls',
  };
}

/** `struct sock_fprog`: how many instructions, and where. seccomp(2). */
const socketFilter = { length: 16, program: 8 } as const;
