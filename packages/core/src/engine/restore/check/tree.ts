import type { EntryOf } from '@criujs/images';
import { invalid } from '../../../kinds/rules.ts';
import { sessionRefusals } from '../../../tasks/sessions.ts';

type Relative = Pick<EntryOf<'PSTREE'>, 'pid' | 'ppid' | 'pgid' | 'sid'> & {
  readonly state: 'alive' | 'stopped' | 'zombie';
};

const file = 'pstree.img';

/**
 * Checks sessions and process groups: whether processes could be born into them. setsid(2), setpgid(2).
 * @throws EngineError IMAGE_INVALID
 */
export function checkSessions(tasks: readonly Relative[]): void {
  const living = tasks.filter(({ state }) => state !== 'zombie');
  const sessions = new Map(living.map(({ pid, sid }) => [pid, sid]));
  const groups = new Map<number, number>();
  for (const { pid, pgid, sid } of living) {
    if (sid === pid && pgid !== pid) throw invalid(file, `process ${pid} leads a session and is in the group ${pgid}`);
    const session = groups.get(pgid) ?? sessions.get(pgid) ?? sid;
    groups.set(pgid, session);
    if (session !== sid)
      throw invalid(file, `the group ${pgid} of process ${pid} is in the sessions ${session} and ${sid}`);
  }
  const [refused] = sessionRefusals({
    tasks: living.map(({ pid, ppid, sid, state }, at) => ({
      pid,
      ppid: at === 0 ? 0 : ppid,
      command: '',
      stat: { session: sid },
      state,
    })),
  });
  if (refused !== undefined)
    throw invalid(file, `process ${refused.pid} is in ${refused.resource}, and ${refused.why}`);
}
