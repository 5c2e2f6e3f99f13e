import { failure, order, type Section, section, target, together } from '../sentence.ts';

export const batch = section(
  'BATCH',
  'The batch form',
  '`batchHook`: `PAUSE_DEVICES`, `CHECKPOINT_DEVICES` or `RESUME_DEVICES_LATE` for several processes at once.',
  {
    1: order.embedded(
      'It is called once, with all processes that the single form is called for, in the same order; `isAll` is true.',
    ),
    2: order.criu(
      'It is called for each process, with that one alone; `isAll` is false, since CRIU does not tell which is the last.',
    ),
    3: order('It is called in the order of the plugins, at the turn of the first of its processes.'),
    4: order.embedded(
      'A process that is born after `PAUSE_DEVICES` was called comes in a call of its own; `isAll` is false.',
    ),
    5: target('Each of its processes is in the state in which the single form is called.'),
    6: failure('It has `hookDeadline` for all of its processes.'),
    7: failure.embedded('What it throws fails the dump, also if it is about a process that has ended.'),
  },
);

export const later = section(
  'LATER',
  'Work for later',
  '`later(promise, answer)`: a hook of a restore has answered, and some of its work goes on.',
  {
    1: order('It is awaited when all is restored, before `RESUME_DEVICES_LATE` of any process.'),
    2: together('It goes on beside the hooks that are called meanwhile, and while the engine restores the rest.'),
    3: target('The program has not run a single instruction when it has ended.'),
    4: failure(
      'When it rejects, the restore fails with `HOOK_FAILED`, `RESUME_DEVICES_LATE` is not called, and no process is left.',
    ),
    5: failure(
      'It has `hookDeadline` from the moment at which it is awaited; then the restore fails with `HOOK_TIMEOUT`, and no process is left.',
    ),
    6: failure(
      'If the restore fails for something else, the `context.signal` of its call is aborted, and `exit` is called when it has ended.',
    ),
  },
);

export const ofWorkAtOnce: readonly Section[] = [batch, later];
