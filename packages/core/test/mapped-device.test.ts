import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump, plan, restore, show } from '@criujs/core';
import { definePlugin, hook, notSupported, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { listen } from './harness/calls.ts';
import { mappableDevice } from './harness/devices.ts';
import { criujs, criujsFails } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { proc, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// A device that a program has mapped, with no descriptor of it open: plugins take the map itself.

const device = mappableDevice ?? '';
const program = cProgram('mapped', { DEVICE: device });
const missing =
  program.missing ?? (mappableDevice === null ? 'no device that may be mapped' : isRoot ? null : 'needs root');
const more = ['--plugin', fileURLToPath(new URL('plugins/mapped.ts', import.meta.url))];
const loop = { major: 7, minor: 0 };

interface Call {
  readonly call: string;
  readonly oldOffset: number;
}

const takesIt = hook('HANDLE_DEVICE_VMA', () => undefined, { claim: () => true });
const leavesIt = hook('UPDATE_VMA_MAP', () => undefined);
const takes = (): Plugin => definePlugin({ name: 'takes', hooks: [takesIt, leavesIt] });

async function unharmed(target: Target): Promise<void> {
  expect(target.held()).toEqual([]);
  await target.advance();
}

describe.skipIf(missing)(missing ?? 'a mapped device', () => {
  test('is refused without a plugin, and when none takes it; the program runs on', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    const without = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(without).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    const refused = without.refusals?.map(({ resource }) => resource.replace(/[0-9a-f]+-[0-9a-f]+/, 'PLACE'));
    expect(refused?.toSorted()).toEqual([`memory map PLACE r--s ${device}`, `memory map PLACE rw-s ${device}`]);
    expect(without.refusals?.[0]?.remedy).toContain('HANDLE_DEVICE_VMA');
    await unharmed(target);
    // One takes none, the other could not bring them back.
    const missingHook = { plugin: 'other', hook: 'UPDATE_VMA_MAP' };
    for (const [hooks, told] of [
      [[hook('HANDLE_DEVICE_VMA', () => notSupported), leavesIt], {}],
      [[takesIt], missingHook],
    ] as const) {
      const plugins = [definePlugin({ name: 'other', hooks })];
      const refused = dump({ pid: target.pid, images, plugins });
      await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED', ...told });
      await unharmed(target);
    }
  });

  test('is told by a plan: who claims it, and that nobody does', async ({ place }) => {
    const target = await place.start(program);
    const rowsOf = async (...plugins: Plugin[]): Promise<unknown[]> => {
      const { rows } = await plan({ pid: target.pid, plugins });
      return rows.filter(({ resource }) => resource.includes(device));
    };
    const declines = definePlugin({
      name: 'declines',
      hooks: [
        hook('HANDLE_DEVICE_VMA', () => notSupported, { claim: ({ stat }) => stat.rdev.major !== loop.major }),
        leavesIt,
      ],
    });
    const resource = `2 memory maps, 8 KiB, of ${device}`;
    expect(await rowsOf(declines, takes())).toMatchObject([
      { subject: 'memory', resource, taker: { plugin: 'takes', hook: 'HANDLE_DEVICE_VMA', claimed: true } },
    ]);
    expect(await rowsOf(declines)).toMatchObject([
      { subject: 'memory', resource, taker: null, why: expect.stringContaining('plugin declines does not claim it') },
    ]);
    expect(await rowsOf()).toMatchObject([{ taker: null }, { taker: null }]);
  });

  test('comes with the descriptor that is open of it, when no plugin takes the map', async ({ place }) => {
    const target = await place.start({ ...program, env: { DEVICE: device, KEEP: '1' } });
    const keeper = definePlugin({
      name: 'keeper',
      hooks: [
        hook('DUMP_EXT_FILE', ({ file }) => (file.path === device ? undefined : notSupported), {
          claim: ({ file }) => file.path === device,
        }),
        hook('RESTORE_EXT_FILE', () => openSync(device, 'r+')),
      ],
    });
    const declines = definePlugin({
      name: 'declines',
      hooks: [hook('HANDLE_DEVICE_VMA', () => notSupported, { claim: () => false }), leavesIt],
    });
    const plugins = [declines, keeper];
    const { rows } = await plan({ pid: target.pid, plugins });
    expect(
      rows.filter(({ resource }) => resource.includes(device)).map(({ subject, taker }) => ({ subject, taker })),
    ).toEqual([
      { subject: 'memory', taker: { plugin: 'keeper', hook: 'DUMP_EXT_FILE', claimed: true, asked: [] } },
      { subject: 'file', taker: { plugin: 'keeper', hook: 'DUMP_EXT_FILE', claimed: true, asked: [] } },
    ]);
    const [first] = (await plan({ pid: target.pid, plugins: [takes(), keeper] })).rows.filter(({ resource }) =>
      resource.includes(device),
    );
    expect(first?.taker).toMatchObject({ plugin: 'takes', hook: 'HANDLE_DEVICE_VMA' });
    const images = target.images();
    await dump({ pid: target.pid, images, plugins });
    await untilGone(target.pid);
    // The keeper has its open file, so nobody is asked about the map itself.
    const shown = await show({ images });
    expect(shown.files.filter(({ provider }) => provider?.name === 'keeper').map(({ name }) => name)).toEqual([device]);
    expect(shown.taken).toEqual([]);
    const back = await restore({ images, plugins, detach: true });
    place.track(back.pid);
    await target.advance();
    await target.finish();
  });

  test('is asked for once at a dump, for each map at a restore, and stays what it was', async ({ place }) => {
    const target = await place.start(program);
    for (let leg = 1; leg <= 2; leg++) {
      const { env, calls } = listen<Call>(place);
      const images = await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });
      expect(calls('dump')).toEqual([expect.objectContaining({ usable: true, rdev: loop })]);
      const [taken, ...others] = (await show({ images })).taken;
      expect(taken).toMatchObject({ hook: 'HANDLE_DEVICE_VMA', provider: { name: 'test-mapped' } });
      expect(taken?.resource).toContain(device);
      expect(others).toEqual([]);
      const restored = calls('restore').toSorted((a, b) => a.oldOffset - b.oldOffset);
      expect(restored).toMatchObject([
        { path: device, oldOffset: 0 },
        { path: device, oldOffset: 4096 },
      ]);
    }
    await target.finish();
  });

  test('comes from where the plugin says: another descriptor, another offset', async ({ place }) => {
    const target = await place.start(program);
    const instead = join(target.directory, 'instead');
    writeFileSync(instead, `${'.'.repeat(4096)}instead!${'.'.repeat(4088)}`);
    const how = { env: { CRIUJS_TEST_INSTEAD: instead } };
    await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how, compared: false });
    const maps = (proc(target.pid, 'maps') ?? '').split('\n').filter((line) => line.endsWith(instead));
    expect(maps.map((line) => line.split(' ').slice(1, 3).join(' ')).toSorted()).toEqual([
      'r--s 00001000',
      'rw-s 00001000',
    ]);
    await target.finish();
  });

  test('needs a plugin for such maps at the restore, and a right answer; else nothing is made', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    await dump({ pid: target.pid, images, plugins: [takes()] });
    await untilGone(target.pid);
    const answers = (result: { offset: number; fd?: number }): Plugin =>
      definePlugin({ name: 'takes', hooks: [hook('UPDATE_VMA_MAP', () => result)] });
    const failing = async (code: string, plugins: Plugin[]): Promise<void> => {
      await expect(restore({ images, plugins, detach: true })).rejects.toMatchObject({ code });
      expect(proc(target.pid, 'stat')).toBe(null);
    };
    await failing('PLUGIN_MISSING', []);
    // By the name that the images need.
    const declines = definePlugin({ name: 'takes', hooks: [hook('UPDATE_VMA_MAP', () => notSupported)] });
    await failing('PLUGIN_FAILED', [declines]);
    await failing('HOOK_BAD_RESULT', [answers({ offset: 5 })]);
    await failing('HOOK_BAD_RESULT', [answers({ offset: 0, fd: 4095 })]);
    const back = await restore({ images, plugins: [takes()], detach: true });
    place.track(back.pid);
    await target.advance();
    await target.finish();
  });
});
