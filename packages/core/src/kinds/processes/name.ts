import { nameCall } from '../task-name.ts';
import type { ProcessKind } from './kind.ts';

/** The name of its main thread. Images of old releases have it with the process only. */
export const processName: ProcessKind = {
  name: 'name',
  describe: [],
  look: ({ command }) => ({ core: { comm: command } }),
  calls: { character: ({ tc, leader }) => (leader.threadCore?.comm ? [] : [nameCall(tc.comm)]) },
};
