import { readFileSync } from 'node:fs';
import { parseTimers } from '@criujs/linux';
import { unsupported } from '../rules.ts';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/** Timers of timer_create(2). */
export const posixTimers: ProcessKind = {
  name: 'POSIX timers',
  subject: 'timer',
  recognise,
  check({ tc }, file) {
    if ((tc.timers?.posix.length ?? 0) > 0)
      throw unsupported(`${file}: the program had timers of timer_create(2)`, 'Restore it with CRIU.');
  },
};

function recognise({ pid }: SeenProcess): ProcessProblem[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/timers`, 'latin1');
  } catch {
    // A kernel without CONFIG_CHECKPOINT_RESTORE does not show them.
    return [];
  }
  return parseTimers(text).map((timer) => ({
    resource: `POSIX timer ${timer.id}`,
    why: 'timers of timer_create(2) are not supported yet',
    remedy: 'Use setitimer(2) or a timer in user space, or dump it with CRIU.',
  }));
}
