import { expect, test } from 'vitest';
import { parseRun } from './parse-run.ts';

test.each([
  ['run sh -c x', { command: ['sh', '-c', 'x'], json: false, verbose: false }],
  ['run -- sh --json', { command: ['sh', '--json'], json: false, verbose: false }],
  ['run --json -v -- -odd', { command: ['-odd'], json: true, verbose: true }],
  ['run --verbose ls -v', { command: ['ls', '-v'], json: false, verbose: true }],
])('%s', (line, parsed) => expect(parseRun(line.split(' '))).toEqual(parsed));

test.each(['run', 'run --', 'run --help', 'run --unknown ls', 'run -h', 'dump -t 1', '', 'run --json'])(
  '%j is for the parser',
  (line) => {
    expect(parseRun(line.split(' '))).toBeNull();
  },
);
