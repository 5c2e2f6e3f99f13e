import { existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, type LogEntry, plan, restore } from '@criujs/core';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { unknownDevice } from './harness/devices.ts';
import { criujsCommand, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { cProgram, type Program } from './harness/programs.ts';

// A plugin that takes something, and nobody that could bring it back.

const device = unknownDevice ?? '';
const program = (env: Readonly<Record<string, string>>): Program => ({ ...cProgram('external'), env });
const missing = cProgram('external').missing ?? (unknownDevice ? null : 'no device that the engine does not know');

const trivial = definePlugin({ name: 'trivial', hooks: [hook('DUMP_EXT_FILE', () => undefined)] });
/** It imports the SDK's brand by its symbol. */
const module = `
export default {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: 'trivial',
  hooks: [{ hook: 'DUMP_EXT_FILE', handler() {} }],
};`;

describe.skipIf(missing)(missing ?? 'what a plugin takes and no loaded plugin could bring back', () => {
  test('is refused, all of it, naming plugin and hook; nothing is changed, and nothing left', async ({ place }) => {
    const target = await place.start(program({ DEVICE: device }));
    const who = target.identities();
    const images = place.fresh('images');
    const file = join(target.directory, 'trivial.mjs');
    writeFileSync(file, module);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images, '-p', file]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3, plugin: 'trivial', hook: 'RESTORE_EXT_FILE' });
    expect(failure.refusals).toHaveLength(4);
    for (const { resource, why, remedy } of failure.refusals ?? []) {
      expect(resource).toContain(device);
      expect(why).toContain('plugin trivial takes it with DUMP_EXT_FILE, and no loaded plugin has RESTORE_EXT_FILE');
      expect(remedy).toContain('--dump-only');
    }
    expect(target.identities()).toEqual(who);
    expect(target.held()).toEqual([]);
    expect(existsSync(images)).toBe(false);
    await target.advance();

    const said = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, '-p', file, '--dump-only']);
    expect(said).toMatchObject({ code: 0, stderr: expect.stringContaining('the dump cannot be restored') });
    await untilGone(target.pid);
    expect(existsSync(join(images, 'inventory.img'))).toBe(true);
  });

  test('is a warning at a load, in a plan, and of a dump that leaves the tree running', async ({ place }) => {
    const target = await place.start(program({ DEVICE: device }));
    const logs: LogEntry[] = [];
    const onLog = (entry: LogEntry): void => void logs.push(entry);
    const atLoad = {
      level: 'warn',
      plugin: 'trivial',
      hook: 'DUMP_EXT_FILE',
      message: expect.stringContaining('no loaded plugin has RESTORE_EXT_FILE'),
    };
    const planned = await plan({ pid: target.pid, plugins: [trivial], onLog });
    expect(logs.splice(0)).toEqual([atLoad]);
    expect(planned.verdict).toBe('ready');
    const rows = planned.rows.filter(({ missingHook }) => missingHook !== undefined);
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row).toMatchObject({
        taker: { plugin: 'trivial' },
        missingHook: 'RESTORE_EXT_FILE',
        why: expect.stringContaining('if plugin trivial takes it'),
        remedy: expect.stringContaining('Add the hook RESTORE_EXT_FILE to plugin trivial'),
      });
    }
    const options = { pid: target.pid, images: target.images(), plugins: [trivial], leaveRunning: true, onLog };
    const { warnings } = await dump(options);
    expect(warnings).toEqual([
      expect.stringMatching(/plugin trivial took .*descriptors? .* no loaded plugin has RESTORE_EXT_FILE/),
    ]);
    expect(logs.filter(({ plugin }) => plugin === 'trivial')).toEqual([atLoad]);
    await target.advance();
  });

  test.skipIf(!isRoot)('is nothing of the kind when another plugin has the hook', async ({ place }) => {
    const target = await place.start(program({ DEVICE: device }));
    const opens = definePlugin({ name: 'opens', hooks: [hook('RESTORE_EXT_FILE', () => openSync(device, 'r+'))] });
    const images = target.images();
    const plugins = [trivial, opens];
    expect((await plan({ pid: target.pid, plugins })).rows.some(({ missingHook }) => missingHook)).toBe(false);
    expect((await dump({ pid: target.pid, images, plugins })).warnings).toEqual([]);
    await untilGone(target.pid);
    const back = await restore({ images, plugins, detach: true });
    place.track(back.pid);
    await target.advance();
    await target.finish();
  });
});
