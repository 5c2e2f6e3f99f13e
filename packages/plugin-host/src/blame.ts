import { exited, failed, wroteLate } from './call-errors.ts';
import type { HostError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { stray } from './run.ts';
import { holdWatch, type Suspect } from './watch.ts';

/** A call, as the one whose code runs. */
export interface CallSuspect extends Suspect {
  /** Marks an error that was told already: it may come back from the plugin, perhaps as a rejection that nobody handles. */
  known(error: HostError): HostError;
}

/** The call that somebody may be to blame for. */
export interface BlamedCall {
  readonly it: Invocation<unknown>;
  /** Whether it has been answered. */
  isOver(): boolean;
  /** Told what it did to the whole process. */
  blame(error: HostError): void;
}

export function suspectOf({ it, isOver, blame }: BlamedCall): CallSuspect {
  const known = new WeakSet<object>();
  let held = 0;
  const { plugin, hook, resource } = it;
  return {
    asked: () => (isOver() ? null : { plugin, hook, resource }),
    watched: () => it.run.active || held > 0 || it.run.afterRun !== undefined,
    known(error) {
      known.add(error);
      held += 1;
      holdWatch(() => {
        held -= 1;
      });
      return error;
    },
    exited(call) {
      const error = exited(it, call);
      known.add(error);
      blame(error);
      return error;
    },
    threw(thrown) {
      // What `exited` threw into the plugin may come back here, and what a write was refused with.
      if (typeof thrown === 'object' && thrown !== null && known.has(thrown)) return;
      blame(failed(it, thrown, 'threw later, where nothing could catch it: '));
    },
  };
}

/** Gives the error of a write that comes after the answer, and has it fail the run. */
export function lateWrite(it: Invocation<unknown>, what: string): HostError {
  const error = wroteLate(it, what);
  if (it.run.active) stray(it.run, error);
  else it.run.warn(error);
  return error;
}
