import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deviceNumber } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { nobody } from './harness/command.ts';
import { unknownDevice } from './harness/devices.ts';
import { criujs, criujsCommand, criujsFails } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { criu, criuMissing, isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { proc, untilGone } from './harness/processes.ts';
import { counter, cProgram, threads, tree } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// Images carry the authority of their owner: what they name is opened, and given, as whoever could have written them.

const asNobody = { asNobody: true } as const;
/** Somebody whom this machine does not know. */
const stranger = 54_321;

function give(images: string, uid: number, ...names: readonly string[]): void {
  for (const name of names.length > 0 ? names : readdirSync(images)) chownSync(join(images, name), uid, uid);
}

/** The program and the images of an ordinary user. */
async function dumpOfNobody(
  place: Place,
  program = counter,
): Promise<{ target: Target; images: string; before: string }> {
  const bin = await installedFor(place, asNobody);
  const target = await place.start(program, asNobody);
  const images = target.images();
  const before = await target.paused(() => portrait(target.pid));
  await criujs.dump(target.pid, images, {}, { ...asNobody, bin });
  await untilGone(target.pid);
  return { target, images, before };
}

const restoring = (images: string): string[] => ['restore', '-D', images, '--detach'];

describe.skipIf(!isRoot || counter.missing !== null)('images of an ordinary user, restored by root', () => {
  for (const program of [counter, threads, tree]) {
    test(`${program.name}: comes back as that user, as it was`, async ({ place }) => {
      const { target, images, before } = await dumpOfNobody(place, program);
      const { code, stderr } = await criujsCommand(restoring(images));
      place.track(target.pid);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(proc(target.pid, 'status')).toMatch(new RegExp(`^Uid:(\\s+${nobody}){4}$`, 'm'));
      await target.advance();
      expect(await target.paused(() => portrait(target.pid))).toBe(before);
      await target.finish();
    });
  }

  test('open no file that the user may not open, unless they are trusted', async ({ place }) => {
    const { target, images } = await dumpOfNobody(place);
    chownSync(target.path('records'), 0, 0);
    chmodSync(target.path('records'), 0o600);
    expect(await criujsFails(restoring(images))).toMatchObject({
      code: 'NOT_PERMITTED',
      message: expect.stringContaining(target.path('records')),
    });
    expect(await criujsCommand([...restoring(images), '--trust-images'])).toMatchObject({ code: 0 });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });
});

const holderMissing =
  cProgram('external').missing ?? (unknownDevice ? null : 'no device that the engine does not know');

/** The same device where every user may open it. */
function openToAll(place: Place): string {
  const { major, minor } = deviceNumber(statSync(unknownDevice ?? '', { bigint: true }).rdev);
  const path = place.fresh('device');
  execFileSync('mknod', ['-m', '666', path, 'c', String(major), String(minor)]);
  return path;
}

test.skipIf(!isRoot || holderMissing !== null)(
  `a plugin of root opens for images of a user what that user may open (${holderMissing ?? 'and nothing else'})`,
  async ({ place }) => {
    const more = ['--plugin', fileURLToPath(new URL('plugins/misbehaving.ts', import.meta.url))];
    const target = await place.start(cProgram('external', { DEVICE: openToAll(place) }), asNobody);
    const images = target.images();
    await criujs.dump(target.pid, images, { more });
    await untilGone(target.pid);
    const secret = target.path('secret');
    writeFileSync(secret, 'for root alone', { mode: 0o600 });
    const talkedInto = (): ReturnType<typeof criujsFails> =>
      criujsFails([...restoring(images), ...more], {
        env: { CRIUJS_TEST_MISBEHAVE: 'RESTORE_EXT_FILE:rootsOwn', CRIUJS_TEST_SECRET: secret },
      });
    chmodSync(images, 0o700); // root's own: only the images themselves are that user's
    give(images, nobody);
    expect(await talkedInto()).toMatchObject({
      ...{ code: 'IMAGES_UNTRUSTED', plugin: 'test-misbehaving', hook: 'RESTORE_EXT_FILE', exitCode: 5 },
      message: expect.stringContaining(`user ${nobody}, who may not open what plugin test-misbehaving opened for file`),
    });
    give(images, stranger);
    expect(await talkedInto(), 'the credentials are looked at first').toMatchObject({ code: 'IMAGES_UNTRUSTED' });
    give(images, nobody);
    expect(await criujsCommand([...restoring(images), ...more])).toMatchObject({ code: 0, stderr: '' });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  },
);

describe.skipIf(!isRoot || counter.missing !== null)('images of a program of root', () => {
  test('give no credentials that their owner has not, and are refused where others may write them', async ({
    place,
  }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    chmodSync(images, 0o777); // only the images themselves count
    const core = `core-${target.pid}.img`;
    const refused = async (message: RegExp, more: readonly string[] = []): Promise<void> => {
      expect(await criujsFails([...restoring(images), ...more])).toMatchObject({
        ...{ code: 'IMAGES_UNTRUSTED', exitCode: 5, message: expect.stringMatching(message) },
        remedy: expect.stringContaining('--trust-images'),
      });
    };

    give(images, nobody);
    await refused(new RegExp(`belong to user ${nobody}, and ${core} has the user id 0`));
    give(images, stranger);
    await refused(new RegExp(`belong to user ${stranger}, and ${core} has the user id 0`));
    give(images, 0);
    give(images, nobody, core);
    await refused(new RegExp(`${core} belongs to user ${nobody}, and other images of the dump to user 0`));
    give(images, 0);
    for (const mode of [0o620, 0o602]) {
      chmodSync(join(images, core), mode);
      await refused(new RegExp(`others than its owner may write .*${core} \\(mode ${mode.toString(8)}\\)`));
    }
    chmodSync(join(images, core), 0o600);

    expect(await criujsCommand(restoring(images))).toMatchObject({ code: 0, stderr: '' });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });

  test('are for root and their owner only', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujs.dump(target.pid, images, { leaveRunning: true });
    for (const name of readdirSync(images)) chmodSync(join(images, name), 0o644);
    chmodSync(images, 0o755);
    give(images, stranger);
    const how = { ...asNobody, bin: await installedFor(place, asNobody) };
    expect(await criujsFails([...restoring(images), '--new-pids'], how)).toMatchObject({
      code: 'IMAGES_UNTRUSTED',
      message: expect.stringContaining(
        `belongs to user ${stranger}, and would be restored with the rights of user ${nobody}`,
      ),
    });
    await target.finish();
  });

  test.skipIf(criuMissing())('are not given to CRIU, which would use all rights of root', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    give(images, nobody);
    const command = [...restoring(images), '--engine', 'criu', '--criu-bin', criu ?? ''];
    expect(await criujsFails(command)).toMatchObject({ code: 'IMAGES_UNTRUSTED' });
    expect(await criujsCommand([...command, '--trust-images'])).toMatchObject({ code: 0 });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });
});
