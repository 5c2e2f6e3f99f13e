import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage, type ImageRecordInit } from '@criujs/images';
import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { cProgram } from './harness/programs.ts';

const aios = cProgram('aios');

/** What keeps a context from being dumped, and how the refusal calls it. */
const refused = [
  [{ AIOS_FLIGHT: '1' }, /^\d+ \(aios\): the AIO ring at [0-9a-f]+: requests are in flight/],
  [{ AIOS_CHILD: '1' }, /it is that of another process, which this one was forked from/],
  // eventfd2
  ...(isRoot ? [[{ AIOS_FILTER: '290' }, /takes the call eventfd2, which a seccomp filter may forbid/] as const] : []),
] as const;

describe.skipIf(aios.missing !== null)(`contexts of AIO${aios.missing ? ` (${aios.missing})` : ''}`, () => {
  test.for(refused)('are refused by name, and not changed: %o', async ([options, why], { place }) => {
    const target = await place.start(cProgram('aios', options));
    const before = await target.paused(() => portrait(target.pid));
    for (let again = 0; again < 3; again++) {
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
      expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3, message: expect.stringMatching(why) });
      expect(failure.remedy).not.toBe('');
      expect(target.held(), 'nobody is stopped or traced').toEqual([]);
    }
    expect(await target.paused(() => portrait(target.pid))).toBe(before);
    await target.advance();
    await target.finish();
  });

  test('wait for requests that end soon, and lose no event that comes meanwhile', async ({ place }) => {
    const target = await place.start(cProgram('aios', { AIOS_TIMED: '1' }));
    for (let again = 0; again < 10; again++) {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true });
      await target.advance(1);
    }
    await target.finish();
  });

  test('of a process that may open nothing are refused by name', async ({ place }) => {
    const target = await place.start(cProgram('aios', { AIOS_LIMIT: '1' }));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('(EMFILE)') });
    await target.advance();
    await target.finish();
  });

  test('that are protected are refused by a plan already', async ({ place }) => {
    const target = await place.start(cProgram('aios', { AIOS_PROTECTED: '1' }));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED' });
    expect(failure.refusals).toMatchObject([{ why: expect.stringContaining('a part of this AIO ring is protected') }]);
  });

  test.skipIf(!isRoot)('are not made of images that say what cannot be (root)', async ({ place }) => {
    const target = await place.start(cProgram('aios', { AIOS_PLAIN: '1' }));
    const images = target.images();
    await criujs.dump(target.pid, images);
    const path = join(images, `mm-${target.pid}.img`);
    const whole = readFileSync(path);
    const [entry] = decodeImage('MM', whole);
    const mm = entry?.message;
    if (mm === undefined) throw new Error(`nothing in ${path}`);
    expect(mm.aios).toHaveLength(5);
    const wrong: readonly ImageRecordInit<'MM'>['message'][] = [
      { ...mm, aios: mm.aios.slice(1) },
      { ...mm, aios: mm.aios.map((it) => ({ ...it, ringLen: it.ringLen + 4096 })) },
      { ...mm, aios: mm.aios.map((it) => ({ ...it, id: it.id + 4096n })) },
    ];
    for (const message of wrong) {
      writeFileSync(path, encodeImage('MM', [{ message }]));
      expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({ code: 'IMAGE_INVALID' });
    }
    writeFileSync(path, whole);
    const pages = join(images, 'pages-1.img');
    const contents = readFileSync(pages);
    const magic = Buffer.from([0xa1, 0x10, 0x0a, 0xa1]);
    // Its head is beyond its places; its magic number is another.
    for (const at of [-8, 0]) {
      const damaged = Buffer.from(contents);
      damaged.writeUInt32LE(0xffff_0000, damaged.indexOf(magic) + at);
      writeFileSync(pages, damaged);
      const failure = await criujsFails(['restore', '-D', images, '--detach']);
      expect(failure).toMatchObject({ code: 'IMAGE_INVALID', message: expect.stringContaining('has no valid head') });
    }
    writeFileSync(pages, contents);
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });
});
