import { expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

const program = cProgram('timers', { TIMERS_THREAD_CLOCK: '1' });

test.skipIf(program.missing !== null)(
  `a timer on one thread's processor time is refused where there are several (${program.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(program);
    const { code, refusals = [] } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(code).toBe('UNSUPPORTED');
    expect(refusals).toMatchObject([
      {
        resource: expect.stringMatching(/^POSIX timer \d+$/),
        why: expect.stringContaining('does not say whose'),
        remedy: expect.stringContaining('CLOCK_PROCESS_CPUTIME_ID'),
      },
    ]);
    await target.advance();
    await target.finish();
  },
);
