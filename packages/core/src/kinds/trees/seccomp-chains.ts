import type { MessageInitShape, SeccompFilterSchema } from '@criujs/images';
import { readSeccompFilters, type SeccompFilterProgram } from '@criujs/linux';
import { seccompFlag, seccompMode } from '../../facts/seccomp.ts';
import type { FrozenTask, FrozenTree } from '../../machinery/freeze/freeze.ts';
import type { ThreadPart } from '../threads/kind.ts';

type FilterEntry = MessageInitShape<typeof SeccompFilterSchema>;

/** What the images of a tree say of its filters. */
export interface SavedFilters {
  readonly list: readonly FilterEntry[];
  ofThread(tid: number): ThreadPart;
}

/** What one thread is held to; its filters are the oldest first. */
interface Held {
  readonly tid: number;
  readonly mode: number;
  readonly chain: readonly SeccompFilterProgram[];
}

const known = new WeakMap<FrozenTree, SavedFilters>();

/** The filters of a frozen tree, read once. @throws LinuxError EACCES, EMEDIUMTYPE */
export function filtersOf(tree: FrozenTree): SavedFilters {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const saved = saveFilters(tree.tasks.flatMap((task) => heldBy(task)));
  known.set(tree, saved);
  return saved;
}

/**
 * The kernel does not tell whether threads share their filters, and SECCOMP_FILTER_FLAG_TSYNC works later only if they do. So where all
 * threads of a process have the same, the main thread gives them to all, as CRIU has it.
 */
function heldBy({ threads }: FrozenTask): Held[] {
  const held = threads.map(({ tid, status: { seccomp } }): Held => {
    const chain = seccomp === seccompMode.filter ? readSeccompFilters(tid) : [];
    return { tid, mode: seccomp, chain };
  });
  const [main] = held;
  if (main === undefined || main.mode !== seccompMode.filter) return held;
  if (held.some((it) => it.mode !== main.mode || keyOf(it.chain) !== keyOf(main.chain))) return held;
  return [{ ...main, chain: main.chain.map((it) => ({ ...it, flags: it.flags | seccompFlag.tsync })) }];
}

/** Chains that are the same are written once. */
export function saveFilters(held: readonly Held[]): SavedFilters {
  const list: FilterEntry[] = [];
  const firsts = new Map<string, number>();
  const add = (chain: readonly SeccompFilterProgram[]): number => {
    const key = keyOf(chain);
    const there = firsts.get(key);
    if (there !== undefined) return there;
    // The newest first: each names the one that is set after it.
    [...chain].reverse().forEach(({ program, flags }, at) => {
      list.push({ filter: program, flags, ...(at > 0 && { prev: list.length - 1 }) });
    });
    firsts.set(key, list.length - 1);
    return list.length - 1;
  };
  const parts = new Map(
    held.map(({ tid, mode, chain }): [number, ThreadPart] => {
      if (mode === seccompMode.disabled) return [tid, {}];
      if (mode === seccompMode.strict) return [tid, { threadCore: { seccompMode: seccompMode.strict } }];
      return [tid, { threadCore: { seccompMode: seccompMode.filter, seccompFilter: add(chain) } }];
    }),
  );
  return { list, ofThread: (tid) => parts.get(tid) ?? {} };
}

function keyOf(chain: readonly SeccompFilterProgram[]): string {
  return chain.map(({ program, flags }) => `${flags}:${program.toString('latin1')}`).join('|');
}
