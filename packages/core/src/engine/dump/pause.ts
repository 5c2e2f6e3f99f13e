import { EngineError } from '@criujs/engine-kit';
import { hasEnded, isMoot } from '@criujs/engine-kit/targets';
import { readStat, unlessGone } from '@criujs/linux';
import type { Session } from '../../run/session.ts';
import { callObserver } from '../accelerators.ts';
import { doSteps } from '../steps.ts';
import { surveyTree } from '../survey.ts';

/** Tells plugins of each process before it is frozen, once, and of none that has ended by then. */
export interface Pauses {
  /** Of all below a root, parents first, while all of them run. */
  all(root: number): void;
  /** Of one that was born meanwhile. @param ppid its parent, which is stopped; 0 for the root */
  one(pid: number, ppid: number): void;
}

/** For one dump. Where no plugin listens nobody is looked at. */
export function pausesOf(session: Session): Pauses {
  const isServed = session.hooks.serves('PAUSE_DEVICES');
  /** When each began: a pid may become another process's. */
  const told = new Map<number, bigint>();

  function tell(pid: number, isOurs: (ppid: number) => boolean): void {
    const stat = unlessGone(() => readStat(pid), null);
    if (stat === null || hasEnded(stat) || !isOurs(stat.ppid) || told.get(pid) === BigInt(stat.startTime)) return;
    told.set(pid, BigInt(stat.startTime));
    try {
      callObserver(session, 'PAUSE_DEVICES', pid);
    } catch (error) {
      if (!(error instanceof EngineError && isMoot(error, pid))) throw error;
      session.warn(error.message);
    }
  }

  return {
    all(root) {
      if (!isServed) return;
      for (const { pid } of doSteps(surveyTree(root), session.checkAborted)) tell(pid, () => true);
    },
    one(pid, ppid) {
      if (isServed) tell(pid, (now) => ppid === 0 || now === ppid);
    },
  };
}
