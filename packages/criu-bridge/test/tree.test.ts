import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, restore } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';
import { decodeRecords } from '@criujs/engine-kit';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criu as bin, compiler, criuMissing } from '../../core/test/harness/machine.ts';
import { treeOf, untilGone } from '../../core/test/harness/processes.ts';
import { until } from '../../core/test/harness/wait.ts';
import { descriptors, test } from './harness/rig.ts';

const device = unknownDevice ?? '';
const missing =
  criuMissing() ?? (compiler === null ? 'no C compiler' : unknownDevice === null ? 'no unknown device' : null);

const processes = 200;
const filesEach = 5;

describe.skipIf(missing)(missing ?? 'a tree of 200 processes with 5 external files each', () => {
  test('has every descriptor after a restore by CRIU, and the plugin was asked once for each file', async ({ rig }) => {
    const asked = { dump: 0, restore: 0 };
    const keeper = definePlugin({
      name: 'keeper',
      hooks: [
        hook('DUMP_EXT_FILE', ({ id, file }, { image }) => {
          if (file.path !== device) return notSupported;
          asked.dump += 1;
          return image.writeJson(`file-${id}`, { path: file.path });
        }),
        hook('RESTORE_EXT_FILE', async ({ id, file }, { image }) => {
          asked.restore += 1;
          return openSync((await image.readJson<{ path: string }>(`file-${id}`)).path, file.flags & 3);
        }),
      ],
    });
    const holder = await rig.start(['tree', device, String(filesEach), String(processes)]);
    const pids = await until('all processes are there', () => {
      const all = treeOf(holder.pid);
      return all.length === processes && all;
    });
    rig.track(holder.pid);
    const before = new Map<number, string>();
    for (const pid of pids) before.set(pid, await holder.tell(pid));
    for (const [pid, said] of before) expect(said.match(/^\d+ 20\d{3} /gm), `${pid}: ${said}`).toHaveLength(filesEach);

    const own = descriptors().length;
    const images = join(rig.directory, 'tree-images');
    const engine = criu({ bin: bin ?? undefined });
    const plugins = [keeper];
    const saved = await dump({ pid: holder.pid, images, engine, plugins });
    expect(saved).toMatchObject({ processes, plugins: ['keeper'] });
    expect(asked).toEqual({ dump: processes * filesEach, restore: 0 });
    const { externals } = decodeRecords(readFileSync(join(images, 'criujs.json')));
    expect(externals).toHaveLength(processes * filesEach);
    for (const { file } of externals) expect(file.holders).toHaveLength(1);
    for (const pid of pids) await untilGone(pid);

    const back = await restore({ images, engine, plugins, detach: true });
    rig.track(back.pid);
    expect(back.warnings).toEqual([]);
    expect(back.pids.size).toBe(processes);
    expect(asked.restore).toBe(processes * filesEach);
    for (const pid of pids) expect(await holder.tell(pid), `descriptors of ${pid}`).toBe(before.get(pid));
    expect(descriptors()).toHaveLength(own);
  });
});
