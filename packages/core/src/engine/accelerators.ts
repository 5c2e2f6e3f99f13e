import { pid as brandPid, type HookName } from '@criujs/plugin-sdk';
import type { Session } from '../run/session.ts';

/** The hooks around accelerators and late devices that are called for one process. */
type ProcessObserver = Extract<
  HookName,
  'PAUSE_DEVICES' | 'CHECKPOINT_DEVICES' | 'RESUME_DEVICES_LATE' | 'DUMP_DEVICES_LATE'
>;

/** Tells the plugins of a process, where one listens. An observer's failure fails the run. */
export function callObserver(session: Session, hook: ProcessObserver, pid: number): void {
  if (!session.hooks.serves(hook)) return;
  session.hooks.call(hook, { pid: brandPid(pid) }, { resource: `process ${pid}` });
}
