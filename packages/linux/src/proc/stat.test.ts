import { expect, test } from 'vitest';
import { parseStat } from './stat.ts';

const rest =
  'S 30024 30020 2192 34816 -1 4194368 85 0 0 0 0 0 0 0 20 -5 3 0 238352 5136384 579 18446744073709551615 94439052185600 94439052975005 140735018014592 0 0 0 65536 6 81920 1 0 0 17 1 0 2 0 0 0 94439053208304 94439053256548 94439399403520 140735018015612 140735018015627 140735018015627 140735018016746 9';

test('reads what the kernel writes', () => {
  expect(parseStat(`30025 (bash) ${rest}\n`)).toEqual({
    pid: 30025,
    comm: 'bash',
    state: 'S',
    ppid: 30024,
    pgrp: 30020,
    session: 2192,
    ttyNr: 34816,
    tpgid: -1,
    flags: 4194368,
    priority: 20,
    nice: -5,
    threads: 3,
    startTime: 238352n,
    startCode: 94439052185600n,
    endCode: 94439052975005n,
    startStack: 140735018014592n,
    exitSignal: 17,
    rtPriority: 0,
    policy: 2,
    startData: 94439053208304n,
    endData: 94439053256548n,
    startBrk: 94439399403520n,
    argStart: 140735018015612n,
    argEnd: 140735018015627n,
    envStart: 140735018015627n,
    envEnd: 140735018016746n,
    exitCode: 9,
  });
});

test.each(['a\nb\\) R (', ') (', '(', ')', 'a b', '', '((()'])('reads the command %j', (comm) => {
  expect(parseStat(`7 (${comm}) ${rest}\n`)).toMatchObject({ pid: 7, comm, state: 'S', ppid: 30024, exitCode: 9 });
});

test('refuses what is no such line', () => {
  expect(() => parseStat('')).toThrowError('not a line of /proc/PID/stat: ""');
});
