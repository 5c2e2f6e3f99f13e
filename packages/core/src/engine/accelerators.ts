import { type BatchName, pid as brandPid } from '@criujs/plugin-sdk';
import type { HookCallOptions, Session } from '../run/session.ts';

/** How plugins are told of processes. */
export interface Telling extends Pick<HookCallOptions, 'mayBeGone'> {
  /** Whether these are all processes of the tree. */
  readonly isAll: boolean;
  /** Whether one is left out after all, looked at just before its turn; the first is not. */
  isLeftOut?(pid: number): boolean;
}

/**
 * Tells the plugins of processes, one after the other; those with the batch form once, at the first. What an observer fails with fails
 * the run.
 */
export function tellOfEach(
  { hooks }: Session,
  hook: BatchName,
  pids: readonly number[],
  { isAll, mayBeGone, isLeftOut = () => false }: Telling = { isAll: true },
): void {
  const [first, ...others] = pids.map(brandPid);
  if (first === undefined || !hooks.serves(hook)) return;
  const batch = { pids: [first, ...others] as const, isAll };
  for (const pid of batch.pids) {
    if (pid !== first && isLeftOut(pid)) continue;
    hooks.call(hook, { pid }, { resource: `process ${pid}`, batch, ...(mayBeGone && { mayBeGone }) });
  }
}

/** DUMP_DEVICES_LATE, for the root of the tree. */
export function tellLate({ hooks }: Session, root: number): void {
  if (!hooks.serves('DUMP_DEVICES_LATE')) return;
  hooks.call('DUMP_DEVICES_LATE', { pid: brandPid(root) }, { resource: `process ${root}` });
}
