import { describe, expect } from 'vitest';
import { criujs, realCriu } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { travel } from './harness/legs.ts';
import { criu, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { proc, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { measuredWell } from './harness/usage.ts';

// Memory that is moved in bulk, on several processors at once.

const bulk = cProgram('bulk');

/** KiB of huge pages. proc_pid_smaps(5) */
function hugePages(pid: number): number {
  return Number(/^AnonHugePages: *(\d+)/m.exec(proc(pid, 'smaps_rollup') ?? '')?.[1] ?? 0);
}

describe.skipIf(bulk.missing)(bulk.missing ?? 'much memory', () => {
  test.skipIf(!isRoot)('of every kind comes back, in the same maps, with its huge pages (root)', async ({ place }) => {
    const target = await place.start(bulk);
    const before = hugePages(target.pid);
    await travel(place, target, { by: criujs });
    await travel(place, target, { by: criujs });
    // The kernel may have none left for a part of it.
    expect(hugePages(target.pid)).toBeGreaterThanOrEqual(before / 2);
    await target.finish();
  });

  test('comes back for an ordinary user', async ({ place }) => {
    const how = { asNobody: isRoot };
    const bin = await installedFor(place, how);
    const target = await place.start(bulk, how);
    await travel(place, target, { by: criujs, how: { ...how, bin }, restore: { newPids: true }, compared: false });
    await target.finish();
  });

  test.skipIf(!isRoot || criu === null)('goes from CRIU to criujs and back (root)', async ({ place }) => {
    const target = await place.start(bulk);
    await travel(place, target, { by: realCriu, restoredBy: criujs, compared: false });
    await travel(place, target, { by: criujs, restoredBy: realCriu, compared: false });
    await target.finish();
  });

  test('takes the engine hardly more memory than little does', async ({ place }) => {
    const taken: { dump: number; restore: number }[] = [];
    for (const mib of ['1', '100']) {
      const target = await place.start(cProgram('bulk', { BULK_MIB: mib }));
      const images = target.images();
      const dump = await measuredWell(['dump', '-t', String(target.pid), '-D', images]);
      await untilGone(target.pid);
      const restore = await measuredWell(['restore', '-D', images, '--detach', ...(isRoot ? [] : ['--new-pids'])]);
      target.pid = (restore.result as { pid: number }).pid;
      place.track(target.pid);
      await target.advance();
      await target.finish();
      taken.push({ dump: dump.mostMiB, restore: restore.mostMiB });
    }
    const [little, much] = taken as [(typeof taken)[number], (typeof taken)[number]];
    expect(Math.max(much.dump, much.restore), 'MiB').toBeLessThan(150);
    expect(much.dump - little.dump, 'MiB more to dump 500').toBeLessThan(40);
    expect(much.restore - little.restore, 'MiB more to restore 500').toBeLessThan(40);
  });
});
