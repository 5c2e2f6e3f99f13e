import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { criujs, criujsCommand, criujsFails, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { cProgram } from './harness/programs.ts';

const packets = cProgram('packets');

/** What one of its sockets has, and how the refusal calls it. */
const refused = [
  ['PACKETS_SENT', /packet socket \d+ \(protocol 0x/, 'in its ring of packets to be sent, which has been used'],
  ['PACKETS_HALF', /memory map /, 'not the whole of the rings'],
  ['PACKETS_OLD', /packet socket \d+ \(protocol 0x/, 'of the obsolete type SOCK_PACKET'],
] as const;

type Document = { packets: { device: string | null; memberships: string[]; ring: { position: number } | null }[] };

describe.skipIf(packets.missing !== null || !isRoot)('packet sockets (root)', () => {
  test.for(refused)('are refused by name, and not changed: %s', async ([option, resource, why], { place }) => {
    const target = await place.start(cProgram('packets', { [option]: '1' }));
    const before = await target.paused(() => portrait(target.pid));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toHaveLength(1);
    expect(failure.refusals?.[0]?.resource).toMatch(resource);
    expect(failure.refusals?.[0]?.why).toContain(why);
    expect(failure.refusals?.[0]?.remedy).not.toBe('');
    expect(await target.paused(() => portrait(target.pid))).toBe(before);
    await target.advance();
    await target.finish();
  });

  test('lose what waits in their queues, which is said by name', async ({ place }) => {
    const target = await place.start(cProgram('packets', { PACKETS_LEFT: '1' }));
    const images = target.images();
    const dumped = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, '--leave-running']);
    expect(dumped).toMatchObject({ code: 0 });
    expect(dumped.stderr).toMatch(
      new RegExp(`${target.pid} \\(packets\\) descriptor \\d+: packet socket \\d+ .*packets that wait in its queue`),
    );
    await target.advance();
    await travel(place, target, { by: criujs });
    await target.finish();
  });

  test('are bound to devices of the same name, and to no others', async ({ place }) => {
    const target = await place.start(packets);
    const images = target.images();
    await criujs.dump(target.pid, images);
    const path = join(images, 'criujs.json');
    const whole = readFileSync(path, 'utf8');
    const document = JSON.parse(whole) as Document;
    const renamed = document.packets.map((it) => ({ ...it, device: it.device && 'criujs-gone' }));
    writeFileSync(path, JSON.stringify({ ...document, packets: renamed }));
    expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({
      code: 'FILE_MISSING',
      message: expect.stringContaining('there is no network device criujs-gone'),
    });
    writeFileSync(path, whole);
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });

  test('are not made of what criujs.json does not say, or says wrongly', async ({ place }) => {
    const target = await place.start(packets);
    const images = target.images();
    await criujs.dump(target.pid, images);
    const path = join(images, 'criujs.json');
    const whole = readFileSync(path, 'utf8');
    const document = JSON.parse(whole) as Document;
    expect(document.packets.flatMap(({ ring }) => ring ?? [])).toHaveLength(3);
    const withRings = (wrong: object): object[] =>
      document.packets.map((it) => (it.ring === null ? it : { ...it, ring: { ...it.ring, ...wrong } }));
    const spoilt = [
      document.packets.map((it) => ({ ...it, memberships: [...it.memberships, 'lo'] })),
      withRings({ position: 2 ** 31 }),
      withRings({ waiting: [{ at: 2 ** 31, bytes: 'A'.repeat(64) }] }),
      withRings({ waiting: [{ at: 0, bytes: '' }] }),
      withRings({ waiting: [{ at: 0, bytes: 'A'.repeat(65536) }] }),
      document.packets.map((it) => ({ ...it, ring: { position: 0, waiting: [] } })),
    ];
    for (const wrong of spoilt) {
      writeFileSync(path, JSON.stringify({ ...document, packets: wrong }));
      expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({ code: 'IMAGE_INVALID' });
    }
    writeFileSync(path, whole);
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });

  // CRIU 4.1.1 dumps no packet socket on Linux 6.16 and newer: it asks for SO_PASSCRED, which they do not have there any more.
  test.skipIf(criuMissing() !== null)(
    'of ours are restored by CRIU, and those of its images by us',
    async ({ place }) => {
      const target = await place.start(cProgram('packets', { PACKETS_PLAIN: '1' }));
      await travel(place, target, { by: criujs, restoredBy: realCriu });
      const images = target.images();
      await criujs.dump(target.pid, images);
      rmSync(join(images, 'criujs.json'));
      const restored = await criujsCommand(['restore', '-D', images, '--detach', '--json']);
      expect(restored).toMatchObject({ code: 0 });
      place.track(target.pid);
      expect(restored.stderr).toMatch(/images of CRIU do not say where its ring is/);
      await target.advance();
      await target.finish();
    },
  );
});
