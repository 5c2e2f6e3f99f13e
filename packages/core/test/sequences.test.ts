import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage } from '@criujs/images';
import { describe, expect } from 'vitest';
import { criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// Its threads are nearly always inside: a dump that meets none there is made again.
const sections = cProgram('sections', { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' });
const mostDumps = 10;

/** Where the threads of a dump go on, all but the main one. */
function places(images: string, pid: number): (bigint | undefined)[] {
  return readdirSync(images)
    .filter((name) => /^core-\d+\.img$/.test(name) && name !== `core-${pid}.img`)
    .map((name) => decodeImage('CORE', readFileSync(join(images, name)))[0]?.message.threadInfo?.gpregs?.ip);
}

async function untilMetInside(target: Target, abort: bigint, isInside: (ip: bigint) => boolean): Promise<number> {
  for (let dumps = 1; dumps <= mostDumps; dumps++) {
    const images = target.images();
    await criujs.dump(target.pid, images, { leaveRunning: true });
    const found = places(images, target.pid);
    expect(found).toHaveLength(2);
    for (const ip of found) expect(isInside(ip ?? 0n), `${ip} is inside of the sequence`).toBe(false);
    await target.advance();
    if (found.includes(abort)) return dumps;
  }
  throw new Error(`no thread was inside of its sequence in ${mostDumps} dumps`);
}

describe.skipIf(sections.missing !== null)('restartable sequences', () => {
  test('of threads that are inside are aborted by a dump, as the kernel would', async ({ place }) => {
    const target = await place.start(sections);
    const [begin = 0n, end = 0n, abort = 0n] = readFileSync(join(target.directory, 'where'), 'utf8')
      .trim()
      .split(' ')
      .map(BigInt);
    const isInside = (ip: bigint): boolean => ip >= begin && ip < end;
    expect(await untilMetInside(target, abort, isInside)).toBeLessThanOrEqual(mostDumps);
    if (isRoot) for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs });
    await target.finish();
  });
});
