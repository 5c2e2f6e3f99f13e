import { harmlessSignalOf } from '../../facts/tasks.ts';
import type { ProcessKind } from './kind.ts';

/** The engine ends what it runs in a process by a signal that does nothing there. */
export const signalHandlers: ProcessKind = {
  name: 'signal handlers',
  describe: [
    { subject: 'signals', refused: ['programs that handle all four of SIGURG, SIGWINCH, SIGCHLD and SIGCONT'] },
  ],
  recognise: ({ status }) =>
    harmlessSignalOf(status.caught) !== undefined
      ? []
      : [
          {
            resource: 'signal handlers',
            why: 'SIGURG, SIGWINCH, SIGCHLD and SIGCONT all have a handler, but the engine needs one of them without',
            remedy: 'Leave one of these signals at its default action.',
          },
        ],
};
