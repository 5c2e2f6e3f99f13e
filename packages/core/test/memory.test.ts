import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '@criujs/core';
import { trySyscall } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

// What memory may have that nobody can dump, and records of it that cannot be.

const guardInstall = 102;
const hasGuards = trySyscall('madvise', 0, 0, guardInstall) === 0;
const missing = cProgram('memory').missing;

describe.skipIf(missing)(missing ?? 'memory', () => {
  test('that a userfaultfd handles is refused by name, by a plan and by a dump', async ({ place }) => {
    const target = await place.start(cProgram('memory', { MEMORY_WATCHED: '1', MEMORY_OLD: '1' }));
    const images = target.images();
    const row = { resource: expect.stringMatching(/^memory map .* rw-p/), why: expect.stringContaining('userfaultfd') };
    const { rows } = await plan({ pid: target.pid });
    expect(rows.filter(({ taker }) => taker === null)).toContainEqual(expect.objectContaining(row));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toContainEqual(expect.objectContaining(row));
    expect(existsSync(images)).toBe(false);
    await target.advance();
    await target.finish();
  });

  test.skipIf(!hasGuards)('that is shared, behind guard pages: named to who cannot read it', async ({ place }) => {
    const how = { asNobody: isRoot };
    const bin = await installedFor(place, how);
    const target = await place.start(cProgram('memory', { MEMORY_SHARED: '1' }), how);
    const args = ['dump', '-t', String(target.pid), '-D', target.images(), '--leave-running'];
    expect(await criujsFails(args, { ...how, bin })).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/nobody can read its memory at 0x[0-9a-f]+/),
      remedy: expect.stringContaining('MADV_GUARD_INSTALL'),
    });
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });

  test.skipIf(!hasGuards || !isRoot)(
    'that the records put elsewhere is refused before anything is made',
    async ({ place }) => {
      const target = await place.start(cProgram('memory'));
      const images = target.images();
      await criujs.dump(target.pid, images);
      const path = join(images, 'criujs.json');
      const text = readFileSync(path, 'utf8');
      const records = JSON.parse(text) as { memory: { areas: { trait: string; start: number; end: number }[] }[] };
      for (const { trait } of records.memory[0]?.areas ?? []) {
        const damaged = JSON.parse(text) as typeof records;
        const area = damaged.memory[0]?.areas.find((it) => it.trait === trait);
        if (area !== undefined) Object.assign(area, { start: 0x10000, end: 0x20000 });
        writeFileSync(path, JSON.stringify(damaged));
        expect(await criujsFails(['restore', '-D', images])).toMatchObject({
          code: 'IMAGE_INVALID',
          resource: 'criujs.json',
        });
      }
      writeFileSync(path, text);
      place.track(await criujs.restore(images));
      await target.advance();
      await target.finish();
    },
  );
});
