import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '@criujs/core';
import { describe, expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

// Processes whose threads do not have everything in common: refused by name, before anything is changed, and by a plan alike.

const rows = [
  { how: 'leader', resource: /^main thread$/, why: 'it has ended while other threads run on' },
  { how: 'files', resource: /^thread \d+: descriptors$/, why: /for itself/ },
  { how: 'directory', resource: /^thread \d+: working directory and umask$/, why: /for itself/ },
  { how: 'network', resource: /^thread \d+: namespace of network$/, why: /for itself/, needsRoot: true },
  { how: 'host', resource: /^thread \d+: namespace of host name$/, why: /for itself/, needsRoot: true },
  { how: 'pids', resource: /^thread \d+: namespace of process ids of children$/, why: /for itself/, needsRoot: true },
  { how: 'children', resource: /^namespace of process ids of children$/, why: /differs from ours/, needsRoot: true },
] as const;

describe.skipIf(cProgram('alone').missing)('a thread that stands alone', () => {
  for (const row of rows) {
    const { how, resource, why } = row;
    const needsRoot = 'needsRoot' in row;
    for (const child of needsRoot ? [false] : [false, true]) {
      test.skipIf(needsRoot && !isRoot)(
        `is refused: ${how}${child ? ', in a child' : ''}${needsRoot ? ' (root)' : ''}`,
        async ({ place }) => {
          const target = await place.start(cProgram('alone', { ALONE: how, ...(child ? { ALONE_CHILD: '1' } : {}) }));
          const pid = child ? expect.toSatisfy((it: number) => it > target.pid) : target.pid;
          const images = target.images();
          const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
          expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
          const refused = [
            {
              pid,
              resource: expect.stringMatching(resource),
              why: expect.stringMatching(why),
              remedy: expect.any(String),
            },
          ];
          expect(failure.refusals).toMatchObject(refused);
          const { rows: planned, verdict } = await plan({ pid: target.pid });
          expect(verdict).toBe('refused');
          expect(planned.filter(({ taker }) => taker === null)).toMatchObject(refused);
          expect(target.held()).toEqual([]);
          expect(existsSync(join(images, 'inventory.img'))).toBe(false);
          // The harness takes a process for gone whose main thread is.
          const before = target.ticks();
          await until('its threads go on', () => target.ticks() > before + 3);
          writeFileSync(target.path('finish'), '');
          await until('it has ended well', () => readFileSync(target.path('log'), 'utf8').endsWith('DONE\n'));
        },
      );
    }
  }
});
