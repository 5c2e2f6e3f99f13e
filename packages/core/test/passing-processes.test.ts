import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram, type Program } from './harness/programs.ts';
import { until } from './harness/wait.ts';

/** How often each program is dumped: 300 is the full count. */
const count = Number(process.env['CRIUJS_CHURN_RUNS'] ?? 8);

const endless = cProgram('vfork', { VFORK_MS: '600000' });

/** Programs of which something comes or goes in every moment. */
const passing: readonly { readonly what: string; readonly program: Program }[] = [
  { what: 'threads that end between two looks', program: cProgram('thread-churn') },
  { what: 'children that end while they are to stand still', program: cProgram('churn') },
  { what: 'a child between vfork() and exec()', program: cProgram('vfork', { VFORK_MS: '50' }) },
  // The parent cannot stop before the child goes on, which cannot go on before the thread does.
  {
    what: 'a child between vfork() and exec() that waits for a thread of its parent',
    program: cProgram('vfork', { VFORK_MS: '20', VFORK_ASKS: '1' }),
  },
];

for (const { what, program } of passing) {
  test.skipIf(program.missing !== null)(
    `${what}, ${count} times (${program.missing ?? 'in C'})`,
    { timeout: 60_000 + count * 10_000 },
    async ({ place }) => {
      const target = await place.start(program);
      for (let dump = 0; dump < count; dump++) {
        await criujs.dump(target.pid, target.images(), { leaveRunning: true });
        await target.advance(1);
      }
      expect(target.held()).toEqual([]);
      if (isRoot) {
        const images = target.images();
        await criujs.dump(target.pid, images);
        place.track(await criujs.restore(images));
        await target.advance(2);
      }
      await target.finish();
    },
  );
}

describe.skipIf(endless.missing !== null)(`a child between vfork() and exec() (${endless.missing ?? 'in C'})`, () => {
  test('is refused when it takes its time, and nobody stands still', async ({ place }) => {
    const target = await place.start(endless);
    await until('there is a child', () => target.pids().length === 2);
    const { code, refusals = [] } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(code).toBe('UNSUPPORTED');
    expect(refusals).toMatchObject([{ resource: 'memory', remedy: expect.stringContaining('vfork()') }]);
    expect(target.held()).toEqual([]);
  });
});
