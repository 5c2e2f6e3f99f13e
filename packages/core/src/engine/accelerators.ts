import { isOver } from '@criujs/engine-kit/targets';
import { type BatchName, pid as brandPid, type Pid } from '@criujs/plugin-sdk';
import type { HookCallOptions, Session } from '../run/session.ts';

/**
 * Tells the plugins of all processes, one after the other; those with the batch form once, at the first. What an observer fails with fails
 * the run.
 */
export function tellOfEach(session: Session, hook: BatchName, pids: readonly number[]): void {
  tell(session, hook, pids, { isAll: true });
}

/** Who was told to pause, so that no process is stopped before. */
export interface Pauses {
  /** For processes of a tree that runs: what has ended meanwhile is left out, and fails nothing. */
  pause(pids: readonly number[]): void;
  /** For one that is about to be stopped: it may have been born since. */
  beforeStop(pid: number): void;
}

/** PAUSE_DEVICES: each process is told of once in a dump, however often the tree is stopped. */
export function openPauses(session: Session): Pauses {
  const told = new Set<number>();
  const pause = (pids: readonly number[], isAll: boolean): void => {
    if (!session.hooks.serves('PAUSE_DEVICES')) return;
    const living = pids.filter((pid) => !told.has(pid) && !isOver(pid));
    for (const pid of living) told.add(pid);
    tell(session, 'PAUSE_DEVICES', living, { isAll, mayBeGone: true });
  };
  return { pause: (pids) => pause(pids, true), beforeStop: (pid) => pause([pid], false) };
}

/** What a call says besides the process. */
interface Telling extends Pick<HookCallOptions, 'mayBeGone'> {
  readonly isAll: boolean;
}

function tell(
  { hooks }: Session,
  hook: BatchName,
  pids: readonly number[],
  { isAll, mayBeGone = false }: Telling,
): void {
  const [first, ...others] = pids.map(brandPid);
  if (first === undefined || !hooks.serves(hook)) return;
  const all: readonly [Pid, ...Pid[]] = [first, ...others];
  for (const pid of all) {
    if (mayBeGone && pid !== first && isOver(pid)) continue;
    hooks.call(hook, { pid }, { resource: `process ${pid}`, batch: { pids: all, isAll }, mayBeGone });
  }
}

/** DUMP_DEVICES_LATE, for the root of the tree. */
export function tellLate({ hooks }: Session, root: number): void {
  if (!hooks.serves('DUMP_DEVICES_LATE')) return;
  hooks.call('DUMP_DEVICES_LATE', { pid: brandPid(root) }, { resource: `process ${root}` });
}
