import { existsSync } from 'node:fs';
import { plan } from '@criujs/core';
import { describe, expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

// Filters of system calls that cannot be dumped, or not by everybody.

const { missing } = cProgram('filters');

describe.skipIf(missing)(missing ?? 'filters of system calls', () => {
  test.skipIf(!isRoot)('that ask another process are refused by name (root)', async ({ place }) => {
    const target = await place.start(cProgram('filters', { FILTERS_LISTENER: '1' }));
    const images = target.images();
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toMatchObject([
      { pid: target.pid, resource: 'seccomp filter', why: expect.stringContaining('user notification') },
    ]);
    expect(existsSync(images)).toBe(false);
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });

  test('are refused to an ordinary user, by a plan and by a dump', async ({ place }) => {
    const how = { asNobody: isRoot };
    const bin = await installedFor(place, how);
    const target = await place.start(cProgram('filters', { FILTERS_LISTENER: '1' }), how);
    const row = { resource: 'seccomp filter', why: expect.stringContaining('CAP_SYS_ADMIN') };
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()], { ...how, bin });
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3, refusals: [row] });
    if (!isRoot) {
      const { rows } = await plan({ pid: target.pid });
      expect(rows.filter(({ taker }) => taker === null)).toMatchObject([row]);
    }
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });
});
