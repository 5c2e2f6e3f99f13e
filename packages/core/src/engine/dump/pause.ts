import { hasEnded, isOver } from '@criujs/engine-kit/targets';
import { readStat, unlessGone } from '@criujs/linux';
import type { Session } from '../../run/session.ts';
import { tellOfEach } from '../accelerators.ts';
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
  const told = new Map<number, string>();

  function isNew(pid: number, isOurs: (ppid: number) => boolean): boolean {
    const stat = unlessGone(() => readStat(pid), null);
    if (stat === null || hasEnded(stat) || !isOurs(stat.ppid)) return false;
    const began = String(stat.startTime);
    if (told.get(pid) === began) return false;
    told.set(pid, began);
    return true;
  }

  function tell(pids: readonly number[], isAll: boolean): void {
    tellOfEach(session, 'PAUSE_DEVICES', pids, { isAll, mayBeGone: true, isLeftOut: isOver });
  }

  return {
    all(root) {
      if (!isServed) return;
      const tree = doSteps(surveyTree(root), session.checkAborted).map(({ pid }) => pid);
      tell(
        tree.filter((pid) => isNew(pid, () => true)),
        true,
      );
    },
    one(pid, ppid) {
      if (isServed && isNew(pid, (now) => ppid === 0 || now === ppid)) tell([pid], false);
    },
  };
}
