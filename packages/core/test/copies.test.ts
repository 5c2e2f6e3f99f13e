import { describe, expect } from 'vitest';
import { criujs, realCriu } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { travel } from './harness/legs.ts';
import { criu, isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { proc } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// Memory that processes share since a fork(2) is shared again once they are restored.

/** In KiB: what the memory without a file takes, and what it would take if nothing of it were shared. proc_pid_smaps(5) */
interface Use {
  readonly shared: number;
  readonly apart: number;
}

function use(target: Target): Use {
  const all = target.pids().map((pid) => proc(pid, 'smaps_rollup') ?? '');
  const sum = (line: RegExp): number => all.reduce((total, text) => total + Number(line.exec(text)?.[1] ?? 0), 0);
  return { shared: sum(/^Pss_Anon: *(\d+)/m), apart: sum(/^Anonymous: *(\d+)/m) };
}

/** What little may be told apart: pages that the processes write while they go on. */
const slack = 512;

async function expectShared(target: Target, before: Use): Promise<void> {
  const after = await target.paused(() => use(target));
  expect(after.apart).toBeGreaterThan(2 * before.shared);
  expect(after.shared).toBeLessThan(before.shared + slack);
}

function begin(place: Place, options: Parameters<Place['start']>[1] = {}): Promise<Target> {
  return place.start(cProgram('copies'), options);
}

const missing = cProgram('copies').missing;

describe.skipIf(missing)(missing ?? 'copies after fork', () => {
  test.skipIf(!isRoot)('stay shared in three dumps in a row (root)', async ({ place }) => {
    const target = await begin(place);
    const before = await target.paused(() => use(target));
    for (let leg = 0; leg < 3; leg++) {
      await travel(place, target, { by: criujs });
      await expectShared(target, before);
    }
    await target.finish();
  });

  test('stay shared in the program that a dump leaves running', async ({ place }) => {
    const target = await begin(place);
    const before = await target.paused(() => use(target));
    await criujs.dump(target.pid, target.images(), { leaveRunning: true });
    await expectShared(target, before);
    await target.finish();
  });

  test('stay shared for an ordinary user, with new pids', async ({ place }) => {
    const how = { asNobody: isRoot };
    const bin = await installedFor(place, how);
    const target = await begin(place, how);
    const before = await target.paused(() => use(target));
    for (let leg = 0; leg < 2; leg++) {
      await travel(place, target, { by: criujs, how: { ...how, bin }, restore: { newPids: true }, compared: false });
      await expectShared(target, before);
    }
    await target.finish();
  });

  test.skipIf(!isRoot || criu === null)('stay shared out of the images of CRIU', async ({ place }) => {
    const target = await begin(place);
    const before = await target.paused(() => use(target));
    await travel(place, target, { by: realCriu, restoredBy: criujs, compared: false });
    await expectShared(target, before);
    await target.finish();
  });
});
