import { failure, images, order, type Section, section, target, together } from '../sentence.ts';

/** What holds for every hook. */
export const run = section('RUN', 'Every hook', 'What holds wherever nothing else is said.', {
  1: order('Plugins are asked in the order in which the user gave them.'),
  2: order(
    'A handler is asked in one plugin after the other, until one does not decline; those behind it are not asked.',
  ),
  3: order(
    'An observer is called in every plugin: all of them are told of one process before any is told of the next. One in [the batch form](#the-batch-form) is told of all at once.',
  ),
  4: order('At the restore of a file or a socket, the plugin that dumped it is asked first.'),
  5: together('At a dump, one call is at work at a time, whatever the plugin.'),
  6: together.embedded('At a restore, too.'),
  7: together.criu(
    'At a restore, handlers for different processes may be at work at the same time: CRIU restores processes side by side, and each waits for its own answers.',
  ),
  8: together('Beside an observer, `init` or `exit`, no other call is at work.'),
  9: target('Plugins run in the process that calls criujs, on its main thread, and never inside the program.'),
  10: images('What a plugin has written into its part of the images is there for its later calls, and at the restore.'),
  11: failure(
    'What a hook throws fails the run with `HOOK_FAILED`; the error names the plugin, the hook and the resource.',
  ),
  12: failure('Once a handler has thrown, the plugins behind it are not asked about that resource.'),
  13: failure(
    'Once an observer has thrown, the other plugins are told of that process nevertheless, and of no further one.',
  ),
  14: failure('After a failure no hook is called any more: only `exit`.'),
  15: failure.criu('At a restore, handlers that are at work for other processes then are waited for before `exit`.'),
  16: failure(
    'A hook that takes longer than `hookDeadline` fails the run with `HOOK_TIMEOUT`, and its `context.signal` is aborted.',
  ),
  17: failure(
    'An abort of the run aborts the `context.signal` of the hook that is at work, and fails the run with `ABORTED`.',
  ),
  18: failure('A dump that fails leaves the program running as it was, and no images.'),
  19: failure('A restore that fails leaves no process, and the program has not run a single instruction.'),
  20: failure(
    'If the process that runs the plugins is killed at a dump, nothing is called any more, not even `exit`, and the program runs on.',
  ),
  23: failure.embedded(
    'If it is killed at a restore, nothing is called any more, no process is left, and the program has not run a single instruction.',
  ),
  24: failure.criu(
    'If it is killed at a restore, nothing is called any more. In `RESUME_DEVICES_LATE` that is too late for CRIU, which lets the whole program run.',
  ),
  22: order('Calls come in the order of the timelines above.'),
  21: failure.criu('If CRIU itself is killed, the run fails, `exit` is called, and the program runs on.'),
});

export const init = section('INIT', '`init`', 'A run begins.', {
  1: order(
    'It is called once a run, before any hook, in one plugin after the other: the next one when the one before has answered.',
  ),
  2: order('Its `stage` is `dump` or `restore`. `pre-dump` is reserved: no command of criujs starts one.'),
  3: target('At a dump the program runs: nothing has been paused or stopped.'),
  4: target('At a restore no process of the program is there.'),
  5: images('At a dump there is no image yet; the plugin may write its part from here on.'),
  6: images('At a restore the images are complete, and the plugin can read its part.'),
  7: failure('When it throws, the run fails with `PLUGIN_INIT_FAILED` before any hook: the program was never paused.'),
  8: failure('When it throws, plugins behind it get no `init`; `exit` is called for this one and those before it.'),
});

export const exit = section(
  'EXIT',
  '`exit`',
  'A run is over, well or not: the place to undo, to unlock and to close.',
  {
    1: order('It is called once a run, for each plugin whose `init` was called, last first: however the run ended.'),
    2: order(
      'Its `outcome` is `{ ok: true }` only if the dump or the restore counts; otherwise it has the error that the caller gets.',
    ),
    3: target(
      'After a dump with `leaveRunning`, and after a dump that failed, the program runs again when it is called.',
    ),
    4: target('After a dump that ends the program, all of its processes have ended when it is called.'),
    5: target(
      'After a restore, the program may run already when it is called; `RESUME_DEVICES_LATE` comes before that.',
    ),
    6: target('After a restore that failed, no process of the program is left when it is called.'),
    7: target(
      'So a plugin needs one rule only to unlock: undo what it did to each process that it was told of, if that process still lives.',
    ),
    8: images('After a dump that counts, the images are complete and in their place.'),
    9: images('After a dump that failed, no image is in that place.'),
    10: failure(
      'When it throws, the others are called nevertheless; the run keeps its result, and what was thrown is among its warnings.',
    ),
    11: failure('It is called after an abort, after a deadline, and after a resource that nobody takes.'),
  },
);

export const claim = section('CLAIM', '`claim`', 'A plan asks what the handler beside it would take.', {
  1: order(
    'It is called by a plan only, never by a dump or a restore; a plan calls nothing else, neither `init` nor `exit`.',
  ),
  2: order('Every plugin that has the hook is asked, also behind one that claims.'),
  3: together('Any number of claims may be at work at the same time, also of one plugin.'),
  4: target('The program runs: a plan stops nothing.'),
  5: images('There are no images: no part can be written or read.'),
  6: failure('When it throws, the plan goes on, and names the plugin beside the resource.'),
});

export const ofRuns: readonly Section[] = [run, init, exit, claim];
