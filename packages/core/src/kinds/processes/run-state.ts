import type { TaskCoreEntry } from '@criujs/images';
import { stopSignals, taskState } from '../../facts/tasks.ts';
import { among, hold, type Rule } from '../rules.ts';
import type { ProcessKind } from './kind.ts';

const rules: readonly Rule<TaskCoreEntry>[] = [
  among('the signal that stopped it', ({ stopSigno }) => stopSigno, [0, ...stopSignals]),
];

/**
 * Whether it runs or is stopped, and by which signal. The engine stops it again when it is released
 * (`engine/restore/resume.ts`).
 */
export const runState: ProcessKind = {
  name: 'run state',
  describe: [{ subject: 'processes', taken: ['stopped processes'] }],
  look: ({ state, stat, stopSignal, threads }) => ({
    core: {
      taskState: state === 'stopped' ? taskState.stopped : taskState.alive,
      exitCode: 0,
      flags: stat.flags,
      blkSigset: threads[0]?.mask ?? 0n,
      ...(state === 'stopped' ? { stopSigno: stopSignal } : {}),
    },
  }),
  check({ tc, state }, file) {
    if (state === 'stopped') hold(tc, file, rules);
  },
};
