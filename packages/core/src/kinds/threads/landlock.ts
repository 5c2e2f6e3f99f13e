import { readStatus, type Status, trySyscall } from '@criujs/linux';
import { prctl } from '../../facts/prctl.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

/** LANDLOCK_CREATE_RULESET_VERSION: asks whether the kernel has it. landlock_create_ruleset(2). */
const version = 1;
/** EPERM. */
const notPermitted = -1;

/**
 * Rules that a thread has laid on itself for good. No call shows them; but a thread under any may look at no process outside of
 * them, ptrace(2). So it looks at the engine, where it could do so without. landlock(7).
 */
export const landlock: ThreadKind = {
  name: 'Landlock rules',
  describe: [
    {
      subject: 'rights and limits',
      refused: ['Landlock rules (they show where the program has the same user and rights as criujs)'],
    },
  ],
  ask,
};

function ask(area: Area, { tid, status }: FrozenThread): Inquiry<ThreadPart> {
  const out = area.reserve(16);
  engine ??= witness();
  if (engine === null || !maySee(status, engine)) return { calls: [], answer: () => ({}) };
  return {
    // The least that is asked with PTRACE_MODE_READ_REALCREDS. get_robust_list(2).
    calls: [['get_robust_list', process.pid, out, out + 8]],
    answer: ([seen]) =>
      seen === notPermitted
        ? {
            refused: [
              {
                resource: 'Landlock rules',
                why: `thread ${tid} has restricted itself, and nobody can read its rules to lay them on it again`,
                remedy: 'Run it without a Landlock sandbox, or run criujs inside of the same one.',
              },
            ],
          }
        : {},
  };
}

let engine: Status | null | undefined;

/** The engine, if it may be looked at and the kernel has such rules. Found out once a run: a process may have many threads. */
function witness(): Status | null {
  if (trySyscall('landlock_create_ruleset', 0, 0, version) < 1 || trySyscall('prctl', prctl.getDumpable) !== 1)
    return null;
  return readStatus(process.pid);
}

/**
 * Whether nothing but such rules can keep a thread from looking at the engine: its real ids are all that the engine has, and so
 * are its rights. ptrace(2), "Ptrace access mode checking".
 */
export function maySee(thread: Status, watched: Status): boolean {
  const same = (own: readonly number[], [real]: readonly number[]): boolean =>
    own.slice(0, 3).every((id) => id === real);
  if (!same(watched.uids, thread.uids) || !same(watched.gids, thread.gids)) return false;
  return (watched.capPrm & ~thread.capPrm) === 0n;
}
