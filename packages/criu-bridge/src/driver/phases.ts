import type { LogLine } from './log/lines.ts';

/** Lines of CRIU's log that begin a phase without a notification. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^Seized task /, 'freeze'],
  [/^Dumping task \(/, 'collect'],
  [/^Dumping pages /, 'pages'],
  [/^Reading image tree/, 'read'],
  [/^Forking task with /, 'fork'],
];

/** Finds phases in a log, each once in a row. */
export function createPhaseFinder(begin: (phase: string) => void): (line: LogLine) => void {
  let current = '';
  return ({ message }) => {
    const phase = beginnings.find(([pattern]) => pattern.test(message))?.[1];
    if (phase === undefined || phase === current) return;
    current = phase;
    begin(phase);
  };
}
