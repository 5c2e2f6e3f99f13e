import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

const quick = cProgram('vfork', { VFORK_MS: '50' });
const churn = cProgram('churn');
const endless = cProgram('vfork', { VFORK_MS: '600000' });

describe.skipIf(quick.missing !== null)(`a child between vfork() and exec() (${quick.missing ?? 'in C'})`, () => {
  test('is waited for', async ({ place }) => {
    const target = await place.start(quick);
    // Most of the time there is one: a dump that did not wait would be refused.
    for (let dump = 0; dump < 4; dump++) {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true });
      await target.advance(2);
    }
    await target.finish();
  });

  test('is refused when it takes its time, and nobody stands still', async ({ place }) => {
    const target = await place.start(endless);
    await until('there is a child', () => target.pids().length === 2);
    const { code, refusals = [] } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(code).toBe('UNSUPPORTED');
    expect(refusals).toMatchObject([{ resource: 'memory', remedy: expect.stringContaining('vfork()') }]);
    expect(target.held()).toEqual([]);
  });
});

test.skipIf(churn.missing !== null)(
  `children that end while they are to stand still (${churn.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(churn);
    for (let dump = 0; dump < 12; dump++) {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true });
      await target.advance(1);
    }
    expect(target.held()).toEqual([]);
    await target.finish();
  },
);
