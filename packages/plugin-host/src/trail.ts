import { createHook } from 'node:async_hooks';
import { runningSuspect, type Suspect } from './watch.ts';

/** What a call has started, and whether it still goes on. */
export interface Trail {
  goesOn(): boolean;
  /** Ends the following. */
  drop(): void;
}

/** Ways in which code of a plugin goes on later, by their names in async_hooks. What only waits for others is not among them. */
const steps: ReadonlySet<string> = new Set([
  'PROMISE',
  'Timeout',
  'Immediate',
  'TickObject',
  'FSREQCALLBACK',
  'FSREQPROMISE',
]);

/** Steps that have not been taken, by whose they are. */
const followed = new Map<Suspect, Set<number>>();
const owners = new Map<number, Set<number>>();

const hook = createHook({
  init(id, type) {
    if (!steps.has(type)) return;
    const suspect = runningSuspect();
    const open = suspect === undefined ? undefined : followed.get(suspect);
    if (open === undefined) return;
    open.add(id);
    owners.set(id, open);
  },
  // What it starts in turn is a step of its own. A promise that an await makes is never resolved, only gone on from.
  before: taken,
  promiseResolve: taken,
  // A timer that was cleared, a promise that nobody can resolve any more.
  destroy: taken,
});

function taken(id: number): void {
  owners.get(id)?.delete(id);
  owners.delete(id);
}

/** Follows what a call starts from now on. Every step of this thread costs more meanwhile: some tenths of a microsecond. */
export function follow(suspect: Suspect): Trail {
  const open = new Set<number>();
  followed.set(suspect, open);
  if (followed.size === 1) hook.enable();
  return {
    goesOn: () => open.size > 0,
    drop() {
      if (!followed.delete(suspect)) return;
      for (const id of open) owners.delete(id);
      open.clear();
      if (followed.size === 0) hook.disable();
    },
  };
}
