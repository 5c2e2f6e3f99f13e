import { arena, closeFd, duplicate, errnoName, trySyscall } from '@criujs/linux';
import type { Session } from '../../run/session.ts';
import {
  type HoldGuard,
  isDescriptor,
  startHoldGuard,
  type UndoArgument,
  type UndoCall,
  withOwn,
} from './hold-guard.ts';

/** What becomes of a hold when the images are in their place: it is undone, or it stays and the images say so. */
export type AtCommit = 'undone' | 'kept';

/** Something that a dump keeps until the tree runs again, with its undo. */
export interface Held {
  /** In words, for warnings. */
  readonly what: string;
  /**
   * Undoes it, each call whatever the others answer. It must be harmless where the thing has not happened, has happened in part or is
   * undone already: a name that is removed, for example, has to be one that nobody else uses. Descriptors that it is about are
   * duplicated, and need not stay open.
   */
  readonly undo: readonly UndoCall[];
  /** What a guard does behind that if the engine has died, such as the same again: the processes that it ended with it end meanwhile. */
  readonly afterDeath?: readonly UndoCall[];
  readonly atCommit: AtCommit;
  /** What a dump that ends the tree does once the images are in their place and before anybody is ended, also when the engine dies. */
  readonly beforeEnd?: readonly UndoCall[];
}

/**
 * Does something that is undone when the dump fails, whatever ends it. A guard process that knows the undo is there before it
 * happens. Each call starts a process: hold together what there is much of.
 * @param make does it; what it throws is thrown on once the undo has been made
 * @throws EngineError KERNEL when there can be no guard; then `make` was not called
 */
export type Hold = <T>(held: Held, make: () => T) => T;

/** The end of a guard's pipe: the guard waits as long as anybody has it. */
export interface HoldEnd {
  readonly order: number;
  readonly atCommit: AtCommit;
}

/** All that a dump holds. */
export interface Holds {
  readonly hold: Hold;
  /** Pipes of the guards, for a process that commits: it has them open until it is through, and writes `keepByte` to what is kept. */
  ends(): readonly HoldEnd[];
  /** Just before a commit that the engine or a store makes: if the engine dies from here on, what is to be kept stays. */
  keep(): void;
  /** What is done at the commit of a dump that ends the tree, before it is ended. Descriptors are valid until {@link end}. */
  beforeEnd(): readonly UndoCall[];
  /** Makes these calls. Never throws. */
  makeBeforeEnd(): void;
  /** Whether something is held that is called this. */
  holds(what: string): boolean;
  /** The tree is about to run on: undoes what is not kept. Never throws. */
  release(): void;
  /** The images are in their place. */
  committed(): void;
  /** Undoes what is to be undone by now, and ends the guards. Never throws: what cannot be undone is a warning. */
  end(): void;
}

interface Entry extends Held {
  readonly beforeEnd: readonly UndoCall[];
  /** Duplicates that its calls are about. */
  readonly descriptors: readonly number[];
}

/**
 * What a dump holds, in the order in which it was done; the last is undone first. One guard knows everything that is undone at the commit,
 * one everything that is kept. Each hold starts a guard that knows one more and replaces the one before.
 */
export function createHolds(session: Pick<Session, 'warn'>): Holds {
  const all: Entry[] = [];
  const guards = new Map<AtCommit, HoldGuard>();
  let isCommitted = false;

  function dismiss(which: AtCommit): void {
    guards.get(which)?.dismiss();
    guards.delete(which);
  }

  function giveUp(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const error = isCommitted && entry.atCommit === 'kept' ? null : undo(entry);
      if (error !== null) session.warn(`${entry.what}: could not be undone (${error})`);
      entry.descriptors.forEach(closeFd);
    }
  }

  return {
    hold(held, make) {
      const { atCommit } = held;
      const entry = withDuplicates(held);
      const known = all.filter((it) => it.atCommit === atCommit);
      let guard: HoldGuard | undefined;
      try {
        guard = startHoldGuard(
          [entry, ...known.reverse()].flatMap(({ undo, afterDeath = [] }) => [...undo, ...afterDeath]),
        );
        const made = make();
        dismiss(atCommit);
        guards.set(atCommit, guard);
        all.push(entry);
        return made;
      } catch (error) {
        // It may have happened in part.
        if (guard !== undefined) undo(entry);
        guard?.dismiss();
        entry.descriptors.forEach(closeFd);
        throw error;
      }
    },
    ends: () => [...guards].map(([atCommit, { order }]) => ({ order, atCommit })),
    keep: () => dismiss('kept'),
    holds: (what) => all.some((entry) => entry.what === what),
    beforeEnd: () => all.flatMap((entry) => entry.beforeEnd),
    makeBeforeEnd: () => void makeCalls(all.flatMap((entry) => entry.beforeEnd)),
    release() {
      const passing = all.filter(({ atCommit }) => atCommit === 'undone');
      const kept = all.filter(({ atCommit }) => atCommit === 'kept');
      all.splice(0, all.length, ...kept);
      giveUp(passing.reverse());
      dismiss('undone');
    },
    committed() {
      isCommitted = true;
    },
    end() {
      giveUp(all.splice(0).reverse());
      dismiss('undone');
      dismiss('kept');
    },
  };
}

/** The same with descriptors that stay open until it ends. */
function withDuplicates(held: Held): Entry {
  const own = new Map<number, number>();
  const ownOf = (fd: number): number => {
    const found = own.get(fd) ?? duplicate(fd);
    own.set(fd, found);
    return found;
  };
  try {
    const ours = (calls: readonly UndoCall[] = []): UndoCall[] => withOwn(calls, ownOf);
    const [undo, afterDeath, beforeEnd] = [ours(held.undo), ours(held.afterDeath), ours(held.beforeEnd)];
    return { ...held, undo, afterDeath, beforeEnd, descriptors: [...own.values()] };
  } catch (error) {
    for (const fd of own.values()) closeFd(fd);
    throw error;
  }
}

function undo({ undo: calls }: Held): string | null {
  return makeCalls(calls);
}

/** Makes calls whatever they answer; gives the name of the first error. */
function makeCalls(calls: readonly UndoCall[]): string | null {
  const errors = calls.map(([name, ...args]) =>
    arena.scope(() => {
      const result = trySyscall(name, ...args.map(wordOf));
      return result < 0 ? errnoName(-result) : null;
    }),
  );
  return errors.find((error) => error !== null) ?? null;
}

function wordOf(arg: UndoArgument): number | bigint {
  if (typeof arg === 'number' || typeof arg === 'bigint') return arg;
  if (isDescriptor(arg)) return arg.fd;
  const block = arena.alloc(arg.length);
  block.bytes.set(arg);
  return block.address;
}
