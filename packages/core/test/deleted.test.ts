import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '@criujs/core';
import { decodeImage, encodeImage } from '@criujs/images';
import { describe, expect } from 'vitest';
import { criujs, criujsCommand, criujsFails, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// What a dump may do about files that have lost their name: limits, names that it gives, and what is left of them.

const links = cProgram('deleted', { DELETED_LINKS: '1' });
const large = cProgram('deleted', { DELETED_SIZE: String(2 << 20) });
const missing = links.missing ?? (isRoot ? null : 'needs root: files that are only mapped are looked at');

/** Names that a dump has given. */
function given({ directory }: Target): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('link_remap.'));
}

/** Names in the target's directory, but for those that come and go with the test. */
function names({ directory }: Target): string[] {
  return readdirSync(directory)
    .filter((name) => !/^(images|lock|log|\.)/.test(name))
    .sort();
}

function changeFiles(images: string, change: (name: string) => string): void {
  const path = join(images, 'files.img');
  const records = decodeImage('FILES', readFileSync(path));
  for (const { message } of records) if (message.reg !== undefined) message.reg.name = change(message.reg.name);
  writeFileSync(path, encodeImage('FILES', records));
}

describe.skipIf(missing)(missing ?? 'a deleted file that is too large', () => {
  test('is refused by its size, by a dump and by a plan, and taken with --ghost-limit', async ({ place }) => {
    const target = await place.start(large);
    const images = target.images();
    const { refusals = [], ...failure } = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(refusals.map(({ resource }) => resource)).toEqual(
      target.pids().map(() => expect.stringMatching(/^descriptor 26: deleted file .*\/extra$/)),
    );
    for (const { why, remedy } of refusals) {
      expect(why).toMatch(/holds 2097152 bytes, and the images take at most 1048576 bytes/);
      expect(remedy).toMatch(/--ghost-limit SIZE/);
    }
    const refusedBy = async (ghostLimit?: number) => {
      const { rows } = await plan({ pid: target.pid, ghostLimit });
      return rows.filter(({ taker }) => taker === null).map(({ resource, why }) => ({ resource, why }));
    };
    expect(await refusedBy()).toEqual(refusals.map(({ resource, why }) => ({ resource, why })));
    expect(await refusedBy(2 << 20)).toEqual([]);
    await target.advance();
    expect(existsSync(join(images, 'inventory.img'))).toBe(false);
    await travel(place, target, { by: criujs, compared: false, dump: { more: ['--ghost-limit', '2M'] } });
    await target.finish();
  });

  test('is not kept at all with a limit of 0, and no size is taken for a limit', async ({ place }) => {
    const target = await place.start(large);
    const dump = ['dump', '-t', String(target.pid), '-D', target.images()];
    const { refusals = [] } = await criujsFails([...dump, '--ghost-limit', '0']);
    // An empty one has nothing that could be too large.
    expect(refusals.some(({ resource }) => /deleted file .*\/plain$/.test(resource))).toBe(true);
    const failure = await criujsFails([...dump, '--ghost-limit', 'lots']);
    expect(failure).toMatchObject({ exitCode: 2, remedy: expect.stringContaining('--ghost-limit 8M') });
    await expect(plan({ pid: target.pid, ghostLimit: -1 })).rejects.toMatchObject({ code: 'BAD_OPTION' });
    await target.finish();
  });
});

describe.skipIf(missing)(missing ?? 'a file that has lost the name it was opened by, and has others', () => {
  const more = ['--link-remap'];

  test('is refused unless a dump may give it a name', async ({ place }) => {
    const target = await place.start(links);
    const { refusals = [], ...failure } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(refusals).toHaveLength(4);
    for (const { why, remedy } of refusals) {
      expect(why).toMatch(/the name it was opened by is gone, and it has others/);
      expect(remedy).toMatch(/--link-remap/);
    }
    expect(given(target)).toEqual([]);
    await target.advance();
    await target.finish();
  });

  test('comes back, twice, and the name that the dump gave it goes', async ({ place }) => {
    const target = await place.start(links);
    for (let leg = 0; leg < 2; leg++) {
      await travel(place, target, { by: criujs, compared: false, dump: { more } });
      expect(given(target)).toEqual([]);
    }
    await target.finish();
  });

  test('keeps that name while the dump waits, also when a restore fails', async ({ place }) => {
    const target = await place.start(links);
    const before = names(target);
    const images = target.images();
    await criujs.dump(target.pid, images, { more });
    await untilGone(target.pid);
    expect(given(target)).toHaveLength(1);
    expect(statSync(join(target.directory, 'left')).nlink).toBe(2);
    writeFileSync(join(target.directory, 'broken.mjs'), brokenPlugin);
    const plugin = join(target.directory, 'broken.mjs');
    await criujsFails(['restore', '-D', images, '--detach', '--plugin', plugin]);
    unlinkSync(plugin);
    expect(processesIn(target.directory)).toEqual([]);
    expect(given(target)).toHaveLength(1);
    expect(names(target).filter((name) => !name.startsWith('link_remap'))).toEqual(before);
    place.track(await criujs.restore(images));
    await target.advance();
    expect(names(target)).toEqual(before);
    // The name is gone now, and with it the file that this dump is about.
    await target.finish();
    const failure = await criujsFails(['restore', '-D', images, '--detach']);
    expect(failure).toMatchObject({
      code: 'FILE_MISSING',
      message: expect.stringMatching(/link_remap\.\d+: the dump gave this name/),
      remedy: expect.stringContaining('restored once'),
    });
  });

  test('has no new name after a dump that failed, and keeps it after one that left the tree running', async ({
    place,
  }) => {
    const target = await place.start(links);
    const plugin = join(target.directory, 'broken.mjs');
    writeFileSync(plugin, brokenPlugin);
    await criujsFails(['dump', '-t', String(target.pid), '-D', target.images(), ...more, '--plugin', plugin]);
    expect(given(target)).toEqual([]);
    await target.advance();
    unlinkSync(plugin);
    // The program would notice one more name.
    await target.paused(async () => {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true, more });
      const [name = ''] = given(target);
      expect(name).toMatch(/^link_remap\.\d+$/);
      unlinkSync(join(target.directory, name));
    });
    await target.finish();
  });

  test('is not removed by a restore under any other name, whatever the images say', async ({ place }) => {
    const target = await place.start(links);
    const images = target.images();
    await criujs.dump(target.pid, images, { more });
    await untilGone(target.pid);
    const [name = ''] = given(target);
    const precious = join(target.directory, 'precious');
    changeFiles(images, (path) => (path.endsWith(name) ? join(target.directory, 'left') : path));
    writeFileSync(precious, 'precious');
    unlinkSync(join(target.directory, name));
    place.track(await criujs.restore(images));
    await target.advance();
    expect(existsSync(join(target.directory, 'left'))).toBe(true);
    await target.finish();
  });

  test.skipIf(criuMissing())(
    `travels between CRIU and us${criuMissing() === null ? '' : `: ${criuMissing()}`}`,
    async ({ place }) => {
      const target = await place.start(cProgram('deleted', { DELETED_LINKS: '1', DELETED_PLAIN: '1' }));
      for (const [by, restoredBy] of [
        [criujs, realCriu],
        [realCriu, criujs],
        [criujs, realCriu],
      ] as const) {
        await travel(place, target, { by, restoredBy, compared: false, dump: { more } });
        expect(given(target)).toEqual([]);
      }
      await target.finish();
    },
  );
});

describe.skipIf(missing)(missing ?? 'names of deleted files', () => {
  test('come back in directories that are gone by now, and nothing is left of either', async ({ place }) => {
    const target = await place.start(cProgram('deleted'));
    const images = target.images();
    const before = names(target);
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    place.track(await criujs.restore(images));
    await target.advance();
    expect(names(target)).toEqual(before);
    await target.finish();
  });

  test('that something else has taken meanwhile are left to it, and told in a warning', async ({ place }) => {
    const target = await place.start(cProgram('deleted'));
    const images = target.images();
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    mkdirSync(join(target.directory, 'current'));
    const { code, stderr } = await criujsCommand(['restore', '-D', images, '--detach']);
    place.track(target.pid);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /current: another file has this name now; the deleted file is shown as .*\/current\.criujs-/,
    );
    await target.advance();
    expect(names(target)).toContain('current');
    expect(names(target).filter((name) => name.includes('criujs-'))).toEqual([]);
    await target.finish();
  });
});

/** Fails a dump when all of its images but pages are written, and a restore when all processes are there. */
const brokenPlugin = `
const fail = () => { throw new Error('as the test wants it'); };
export default {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: 'broken',
  hooks: ['DUMP_DEVICES_LATE', 'POST_FORKING'].map((hook) => ({ hook, handler: fail })),
};`;
