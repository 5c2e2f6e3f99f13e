import { describe, expect } from 'vitest';
import { criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';

// Work that grew with the square of a number took minutes for these; what grows with the number takes seconds.

const maps = cProgram('maps', { MAPS: '30000' });
const chain = cProgram('chain', { CHAIN: '500' });
const restoring = isRoot ? {} : { newPids: true };

describe.skipIf(maps.missing !== null)(`many of a kind (${maps.missing ?? 'in C'})`, () => {
  test('30,000 maps of three protections', async ({ place }) => {
    const target = await place.start(maps);
    await travel(place, target, { by: criujs, restore: restoring, compared: false });
    await target.finish();
  });

  test('a chain of 500 processes, each the child of the one before', async ({ place }) => {
    const target = await place.start(chain);
    const pids = target.pids();
    expect(pids).toHaveLength(500);
    const images = target.images();
    await criujs.dump(target.pid, images);
    // Init takes its time with so many.
    for (const pid of pids) await untilGone(pid);
    target.pid = await criujs.restore(images, restoring);
    place.track(target.pid);
    await target.advance();
    expect(target.pids()).toHaveLength(500);
    await target.finish();
  });
});
