import type { ProcessKind } from './kind.ts';

/** The main thread: a process whose main thread has ended lives on with the others, and shows nothing of itself. pthread_exit(3). */
export const mainThread: ProcessKind = {
  name: 'main thread',
  describe: [{ subject: 'processes', refused: ['processes whose main thread has ended before others'] }],
  recognise: ({ stat }) =>
    stat.state === 'Z'
      ? [
          {
            resource: 'main thread',
            why: 'it has ended while other threads run on',
            remedy: 'Dump the program before its main thread calls pthread_exit().',
          },
        ]
      : [],
};
