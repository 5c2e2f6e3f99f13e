import { EngineError } from '@criujs/engine-kit';
import { expect, test } from 'vitest';
import { dumpWaits, restoreWaits, watchWaits } from './patience.ts';

function session(aborted = false): { notices: string[]; checkAborted(): void; notice(message: string): void } {
  const notices: string[] = [];
  return {
    notices,
    checkAborted() {
      if (aborted) throw new EngineError('ABORTED', 'the run was aborted');
    },
    notice: (message) => void notices.push(message),
  };
}

test('a wait that takes long is told of, again and again but not each time, and so is the next one', () => {
  const told = session();
  const waiting = watchWaits(told, restoreWaits);
  for (const ms of [0, 500, 1999, 2000, 2010, 4000, 5000, 5001]) waiting(process.pid, ms);
  expect(told.notices).toHaveLength(2);
  expect(told.notices[0]).toMatch(new RegExp(`^waiting for process ${process.pid} \\(.*\\), which .*$`));
  for (const ms of [0, 2001]) waiting(process.pid, ms);
  expect(told.notices).toHaveLength(3);
});

test('a restore hears an abort at once; a dump lets a thread that runs come to the end of its calls', () => {
  expect(() => watchWaits(session(true), restoreWaits)(process.pid, 0)).toThrow('aborted');
  const waiting = watchWaits(session(true), dumpWaits);
  // This process runs, and 1 sleeps.
  waiting(process.pid, dumpWaits.abortRunningAfterMs - 1);
  expect(() => waiting(process.pid, dumpWaits.abortRunningAfterMs)).toThrow('aborted');
  waiting(1, dumpWaits.abortAfterMs - 1);
  expect(() => waiting(1, dumpWaits.abortAfterMs)).toThrow('aborted');
});

test('a dump gives up a thread that never stops, and names it', () => {
  const waiting = watchWaits(session(), dumpWaits);
  waiting(process.pid, dumpWaits.giveUpAfterMs - 1);
  const error = (() => {
    try {
      return waiting(process.pid, dumpWaits.giveUpAfterMs);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ code: 'TARGET_STUCK', pid: process.pid, remedy: expect.stringMatching(/^Try/) });
});
