import { dump } from '@criujs/core';
import { expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

const program = cProgram('watches', { WATCHES_WAITING: '1' });

test.skipIf(program.missing !== null)(
  `events that wait to be read are left to the program, and the dump is refused (${program.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(program);
    const { code, refusals = [] } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(code).toBe('UNSUPPORTED');
    expect(refusals).toMatchObject([
      {
        resource: expect.stringContaining('file watch (inotify)'),
        why: expect.stringMatching(/^\d+ bytes of events wait/),
      },
    ]);
    await target.advance();
    await target.finish();
  },
);

const dnotify = cProgram('dnotify');

test.skipIf(dnotify.missing !== null)(
  `a directory that F_NOTIFY watches is refused (${dnotify.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(dnotify);
    const { code, refusals = [] } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(code).toBe('UNSUPPORTED');
    expect(refusals).toMatchObject([
      { resource: expect.stringContaining('/watched'), why: expect.stringContaining('F_NOTIFY') },
    ]);
    await target.advance();
    await target.finish();
  },
);

const moments = cProgram('moments');

test.skipIf(moments.missing !== null)(
  `a dump that meets what passes by itself lets the program run on and tries again (${moments.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(moments);
    for (let frozen = 0; frozen < 2; ) {
      frozen = 0;
      await dump({
        pid: target.pid,
        images: target.images(),
        leaveRunning: true,
        onProgress: ({ phase }) => {
          frozen += Number(phase === 'freeze');
        },
      });
      await target.advance(1);
    }
    await target.finish();
  },
);
