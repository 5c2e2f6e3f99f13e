import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { criujs, criujsFails, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { cProgram } from './harness/programs.ts';

const rings = cProgram('rings');

/** What one of its rings has, and how the refusal calls it. */
const refused = [
  ['RINGS_TIMEOUT', 'operations of it are in flight'],
  ['RINGS_MULTISHOT', 'had more completions than one'],
  ['RINGS_UNUSED', 'does not tell yet how it was set up'],
  ['RINGS_EVENTFD', 'an eventfd is registered'],
  ['RINGS_FILES', 'files are registered'],
  ['RINGS_BUFFERS', 'buffers are provided to it (group 40000)'],
  ['RINGS_SINGLE', 'IORING_SETUP_SINGLE_ISSUER'],
  ['RINGS_THREAD', 'IORING_SETUP_SQPOLL'],
] as const;

describe.skipIf(rings.missing !== null)(`rings of io_uring${rings.missing ? ` (${rings.missing})` : ''}`, () => {
  test.for(refused)('are refused by name, and not changed: %s', async ([option, why], { place }) => {
    const target = await place.start(cProgram('rings', { [option]: '1' }));
    const before = await target.paused(() => portrait(target.pid));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toMatchObject([
      { resource: expect.stringContaining('(io_uring)'), why: expect.stringContaining(why) },
    ]);
    expect(failure.refusals?.[0]?.remedy).not.toBe('');
    expect(await target.paused(() => portrait(target.pid))).toBe(before);
    await target.advance();
    await target.finish();
  });

  test('that a child has too, or whose descriptor is closed, are refused by name', async ({ place }) => {
    for (const [option, why] of [
      ['RINGS_CHILD', 'several processes have it'],
      ['RINGS_CLOSED', 'has closed what it has mapped'],
    ] as const) {
      const target = await place.start(cProgram('rings', { [option]: '1' }));
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
      expect(failure.code).toBe('UNSUPPORTED');
      for (const refusal of failure.refusals ?? []) expect(refusal.why).toContain(why);
      await target.advance();
      await target.finish();
    }
  });

  test('that a thread has registered with itself are refused, once it has told so', async ({ place }) => {
    const target = await place.start(cProgram('rings', { RINGS_REGISTERED: '1' }));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('IORING_REGISTER_RING_FDS'),
    });
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)('of a user keep the limit of that user, whoever restores them (root)', async ({ place }) => {
    const target = await place.start(cProgram('rings', { RINGS_LIMIT: '1' }), { asNobody: true });
    for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs });
    await target.finish();
  });

  test.skipIf(!isRoot)('are not made of what criujs.json does not say, or says wrongly (root)', async ({ place }) => {
    const target = await place.start(rings);
    const images = target.images();
    await criujs.dump(target.pid, images);
    const path = join(images, 'criujs.json');
    const whole = readFileSync(path, 'utf8');
    const document = JSON.parse(whole) as { rings: Record<string, unknown>[] };
    expect(document.rings).toHaveLength(3);
    const spoilt = [
      { rings: document.rings.slice(1) },
      ...[{ entries: 3 }, { count: 2 ** 32 - 1 }, { head: 5 }, { queues: 'A'.repeat(4096) }, { submissions: '?' }].map(
        (wrong) => ({ rings: document.rings.map((it) => ({ ...it, ...wrong })) }),
      ),
    ];
    for (const wrong of spoilt) {
      writeFileSync(path, JSON.stringify({ ...document, ...wrong }));
      expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({ code: 'IMAGE_INVALID' });
    }
    writeFileSync(path, whole);
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });

  test.skipIf(criuMissing() !== null)('are refused by CRIU', async ({ place }) => {
    const target = await place.start(rings);
    const images = target.images();
    await criujs.dump(target.pid, images);
    await expect(realCriu.restore(images)).rejects.toThrow(/file type/i);
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });
});
