import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, EngineError } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';
import { definePlugin, type HookResult, hook, notSupported, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { mappableDevice } from '../../core/test/harness/devices.ts';
import { criu as bin, criuMissing } from '../../core/test/harness/machine.ts';
import { descriptors, test } from './harness/rig.ts';

// A block device is one that CRIU asks plugins about when it is mapped, and that every kernel has. Nothing is behind this one.

const mappable = mappableDevice ?? '';
const missing = criuMissing() ?? (mappableDevice === null ? 'no device that may be mapped' : null);

interface Asked {
  readonly plugin: Plugin;
  readonly handled: unknown[];
  readonly updated: unknown[];
}

function keeper(source: () => HookResult<'UPDATE_VMA_MAP'>): Asked {
  const handled: unknown[] = [];
  const updated: unknown[] = [];
  const plugin = definePlugin({
    name: 'map-keeper',
    hooks: [
      hook('HANDLE_DEVICE_VMA', ({ stat }) => {
        handled.push(stat.rdev);
        return stat.rdev.major === 7 ? undefined : notSupported;
      }),
      hook('UPDATE_VMA_MAP', ({ path, oldOffset }) => {
        updated.push({ path, oldOffset });
        return source();
      }),
    ],
  });
  return { plugin, handled, updated };
}

describe.skipIf(missing)(missing ?? 'a mapped device under the real CRIU', () => {
  test('is mapped again as it was, when the plugin says nothing else', async ({ rig }) => {
    const { plugin, handled, updated } = keeper(() => undefined);
    const holder = await rig.start(['map', mappable]);
    expect(holder.before).toMatch(new RegExp(`^mapped \\S+ r--s 00000000 \\S+ \\d+ +${mappable}\\nnothing$`, 'm'));
    const dumped = await rig.dump(holder.pid, { plugins: [plugin] });
    expect(dumped, dumped.log.slice(-3000)).toMatchObject({ code: 0, failures: [], claimed: ['map-keeper'] });
    expect(handled).toEqual([{ major: 7, minor: 0 }]);
    const provider = { name: 'map-keeper', version: null };
    expect(dumped.records.takes).toEqual([{ hook: 'HANDLE_DEVICE_VMA', resource: 'a mapped device (7:0)', provider }]);
    const restored = await rig.restore({ plugins: [plugin] });
    expect(restored, restored.log.slice(-3000)).toMatchObject({ code: 0, failures: [] });
    expect(updated).toEqual([{ path: mappable, oldOffset: 0n }]);
    expect(await holder.tell()).toBe(holder.before);
  });

  test('comes from the descriptor and the place that the plugin gives', async ({ rig }) => {
    const instead = join(rig.directory, 'instead');
    writeFileSync(instead, `${'.'.repeat(4096)}instead!${'.'.repeat(4088)}`);
    const { plugin } = keeper(() => ({ offset: 4096, fd: openSync(instead, 'r') }));
    const holder = await rig.start(['map', mappable]);
    expect(await rig.dump(holder.pid, { plugins: [plugin] })).toMatchObject({ code: 0, failures: [] });
    const open = descriptors().length;
    const restored = await rig.restore({ plugins: [plugin] });
    expect(restored, restored.log.slice(-3000)).toMatchObject({ code: 0, failures: [] });
    expect(await holder.tell()).toMatch(
      new RegExp(`^mapped \\S+ r--s 00001000 \\S+ \\d+ +${instead}\\ninstead!$`, 'm'),
    );
    expect(descriptors()).toHaveLength(open);
  });

  test('that no plugin takes fails the dump, and the program runs on', async ({ rig }) => {
    const { plugin } = keeper(() => undefined);
    const other = definePlugin({ name: 'other', hooks: [hook('HANDLE_DEVICE_VMA', () => notSupported)] });
    const holder = await rig.start(['map', mappable]);
    expect(await rig.dump(holder.pid, { plugins: [other] })).toMatchObject({ code: 1, failures: [] });
    expect(await holder.tell()).toBe(holder.before);
    expect(await rig.dump(holder.pid, { plugins: [other, plugin] })).toMatchObject({ code: 0 });
  });

  test('that no plugin takes is told as what it is', async ({ rig }) => {
    const holder = await rig.start(['map', mappable]);
    const run = dump({
      pid: holder.pid,
      images: join(rig.directory, 'other'),
      engine: criu({ bin: bin ?? undefined }),
    });
    const error: unknown = await run.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', pid: holder.pid });
    expect((error as EngineError).refusals).toMatchObject([
      {
        resource: expect.stringMatching(/^the memory map at [0-9a-f]+$/),
        remedy: expect.stringContaining('HANDLE_DEVICE_VMA'),
      },
    ]);
    expect(await holder.tell()).toBe(holder.before);
  });
});
