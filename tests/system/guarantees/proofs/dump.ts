import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { DumpedFile } from '@criujs/plugin-sdk';
import { expect } from 'vitest';
import { until } from '../../../../packages/core/test/harness/wait.ts';
import type { Observer } from '../observe.ts';
import { type Proven, prove } from '../prove.ts';
import { device } from '../scene.ts';
import { bornMeanwhile, churning, goneDuring, killedWhileStopped, zombies } from '../scenes/brood.ts';
import {
  callsOf,
  expectBefore,
  expectParentsFirst,
  expectRunsOn,
  expectStanding,
  isHook,
  processImages,
  spanOf,
} from '../scenes/calls.ts';
import { failedDump, journey, unclaimed } from '../scenes/journey.ts';
import { checkpoint, dumpFile, dumpLate, dumpMap, dumpSocket, pause } from '../sections/dump.ts';

const saving = ['DUMP_EXT_FILE', 'DUMP_UNIX_SK', 'HANDLE_DEVICE_VMA'] as const;

const ofPause = prove(pause, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    const told = callsOf(dumped, 'PAUSE_DEVICES', 'taker');
    expectParentsFirst(
      dumped,
      told.map(({ pid }) => pid),
    );
    expect(dumped.calls.find(isHook)?.step).toBe('PAUSE_DEVICES');
    expectBefore(dumped, 'PAUSE_DEVICES', ['CHECKPOINT_DEVICES', ...saving]);
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { tree } of callsOf(dumped, 'PAUSE_DEVICES')) {
      expect(tree).toHaveLength(dumped.before.length);
      expect(tree.filter(({ tracer }) => tracer !== 0)).toEqual([]);
    }
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    const told = callsOf(dumped, 'PAUSE_DEVICES', 'taker');
    told.forEach(({ tree }, at) => {
      const standing = tree.filter(({ tracer }) => tracer !== 0).map(({ pid }) => pid);
      expect(standing).toEqual(told.slice(0, at).map(({ pid }) => pid));
    });
    expect(told).toHaveLength(3);
  },
  4: async (scene) => {
    const { run, born, parents } = await bornMeanwhile(scene);
    const [told, ...again] = callsOf(run, 'PAUSE_DEVICES').filter(({ pid }) => pid === born);
    expect(again).toEqual([]);
    const standing = told?.tree.filter(({ tracer }) => tracer !== 0).map(({ pid }) => pid);
    expect(standing).toEqual(expect.arrayContaining([...parents]));
    expect(standing).not.toContain(born);
    expect(callsOf(run, 'CHECKPOINT_DEVICES').map(({ pid }) => pid)).toContain(born);
  },
  5: async (scene) => {
    for (const { run, gone } of [await goneDuring(scene, 'another'), await zombies(scene)]) {
      expect(run.error).toBe(null);
      const told = callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid);
      expect(told.toSorted()).toEqual(run.before.filter((pid) => pid !== gone).toSorted());
    }
  },
  6: async (scene) => {
    const { run, gone } = await goneDuring(scene, 'itself');
    expect(run.error).toBe(null);
    expect(callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid)).toContain(gone);
    expect(run.after).toEqual(run.before.filter((pid) => pid !== gone));
  },
  7: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { tree, pid } of callsOf(dumped, 'PAUSE_DEVICES')) {
      const own = tree.find((it) => it.pid === pid);
      expect(own).toMatchObject({ tracer: 0 });
      expect(own?.states.filter((state) => !'RSD'.includes(state))).toEqual([]);
    }
  },
  8: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { images } of callsOf(dumped, 'PAUSE_DEVICES'))
      expect((images ?? []).filter((name) => name.endsWith('.img'))).toEqual([]);
  },
  9: async (scene) => {
    const run = await failedDump(scene, 'PAUSE_DEVICES');
    expectRunsOn(run);
    expect(new Set(callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid))).toEqual(new Set([run.before[0]]));
    expect(run.calls.filter(isHook).filter(({ step }) => step !== 'PAUSE_DEVICES')).toEqual([]);
  },
  10: async (scene) => {
    const { run, gone } = await goneDuring(scene, 'itself-throwing');
    expect(run.error).toBe(null);
    expect(callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid)).toContain(gone);
    expect(run.logged.filter((message) => message.includes(`PAUSE_DEVICES of process ${gone} failed`))).toHaveLength(1);
  },
  11: async (scene) => {
    for (const step of ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'DUMP_EXT_FILE'] as const) {
      const run = await failedDump(scene, step);
      const after = run.calls.slice(spanOf(run, step).last + 1);
      expect(after.map(({ plugin, step: it }) => `${it} ${plugin}`)).toEqual(['exit last', 'exit taker', 'exit first']);
    }
  },
});

const ofCheckpoint = prove(checkpoint, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    const told = callsOf(dumped, 'CHECKPOINT_DEVICES', 'taker');
    expectParentsFirst(
      dumped,
      told.map(({ pid }) => pid),
    );
    expectStanding(told, dumped.before);
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, 'PAUSE_DEVICES', 'CHECKPOINT_DEVICES');
    expectBefore(dumped, 'CHECKPOINT_DEVICES', saving);
  },
  3: async (scene) => {
    const { run } = await churning(scene);
    expect(run.error).toBe(null);
    const told = new Set(callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid));
    const stopped = callsOf(run, 'CHECKPOINT_DEVICES').map(({ pid }) => pid);
    expect(stopped.length).toBeGreaterThan(0);
    expect(stopped.filter((pid) => !told.has(pid))).toEqual([]);
  },
  4: async (scene) => {
    const { run, gone } = await goneDuring(scene, 'itself');
    expect(run.error).toBe(null);
    expect(callsOf(run, 'PAUSE_DEVICES').map(({ pid }) => pid)).toContain(gone);
    expect(callsOf(run, 'CHECKPOINT_DEVICES').map(({ pid }) => pid)).not.toContain(gone);
  },
  10: async (scene) => {
    const { run } = await churning(scene);
    for (const step of ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES'] as const) {
      const told = callsOf(run, step).map(({ pid }) => pid);
      expect(told.length).toBeGreaterThan(0);
      expect(new Set(told).size, step).toBe(told.length);
    }
  },
  5: async (scene) => {
    const { run } = await zombies(scene);
    expect(callsOf(run, 'CHECKPOINT_DEVICES').map(({ pid }) => pid)).toEqual(run.before);
  },
  6: async (scene) => {
    const { dumped } = await journey(scene);
    const told = callsOf(dumped, 'CHECKPOINT_DEVICES');
    const states = told.flatMap(({ tree }) => tree.flatMap((it) => it.states));
    expect(new Set(states)).toEqual(new Set(['t']));
    expectStanding([...told, ...callsOf(dumped, saving)], dumped.before);
  },
  7: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { images } of callsOf(dumped, 'CHECKPOINT_DEVICES')) expect(processImages(images)).toEqual([]);
    expect(callsOf(dumped, 'CHECKPOINT_DEVICES').at(-1)?.images).toContain('criujs');
  },
  8: async (scene) => {
    const run = await failedDump(scene, 'CHECKPOINT_DEVICES');
    expectRunsOn(run);
    expect(callsOf(run, [...saving, 'DUMP_DEVICES_LATE'])).toEqual([]);
  },
  9: async (scene) => {
    const { run, gone } = await killedWhileStopped(scene);
    expect(run.error).not.toBe(null);
    expect(run.hasImages).toBe(false);
    expect(run.after).toEqual(run.before.filter((pid) => pid !== gone));
  },
});

/** O_ACCMODE, O_NONBLOCK; O_PATH. asm-generic/fcntl.h */
const [kept, O_PATH] = [0o4003, 0o10000000];

const fileOf = (args: Readonly<Record<string, unknown>>): DumpedFile => args['file'] as DumpedFile;

const ofFile = prove(dumpFile, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    const ids = callsOf(dumped, 'DUMP_EXT_FILE', 'taker').map(({ args }) => args['id']);
    expect(ids, 'two open files, eight descriptors').toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, 'CHECKPOINT_DEVICES', 'DUMP_EXT_FILE');
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, ['DUMP_EXT_FILE', 'DUMP_UNIX_SK'], 'HANDLE_DEVICE_VMA');
  },
  4: async (scene) => {
    const { dumped } = await journey(scene);
    // All open files are the root's: its map comes before them, those of the others after them.
    const steps = callsOf(dumped, saving, 'taker').map(({ step }) => step);
    expect(steps).toEqual([
      'HANDLE_DEVICE_VMA',
      'DUMP_EXT_FILE',
      'DUMP_EXT_FILE',
      'HANDLE_DEVICE_VMA',
      'HANDLE_DEVICE_VMA',
      'DUMP_UNIX_SK',
    ]);
  },
  5: async (scene) => {
    const { dumped } = await journey(scene);
    const paths = callsOf(dumped, 'DUMP_EXT_FILE').map(({ args }) => fileOf(args).path);
    expect(new Set(paths)).toEqual(new Set([device]));
  },
  6: async (scene) => {
    const target = await scene.shared();
    let seen: readonly string[] = [];
    const run = await scene.dump(target, {
      leaveRunning: true,
      deeds: {
        async DUMP_EXT_FILE(_, { image }) {
          const where = (await image.directories())?.images ?? '';
          // Written after the files of a process: whoever waits for the plugin does not come here.
          seen = await until(
            'CRIU goes on',
            async () => {
              const names = await readdir(where);
              return names.includes(`mm-${target.pid}.img`) && names;
            },
            8000,
          );
        },
        exit: async () => target.advance(1),
      },
    });
    expect(run.error).toBe(null);
    expect(seen).not.toContain('inventory.img');
  },
  7: async (scene) => {
    const { dumped } = await journey(scene);
    expectStanding(callsOf(dumped, 'DUMP_EXT_FILE'), dumped.before);
  },
  8: async (scene) => {
    const { lent } = await journey(scene);
    const files = lent.filter(({ step }) => step === 'DUMP_EXT_FILE');
    expect(files).toHaveLength(2);
    for (const { told, found, flags, toldFlags } of files) {
      expect(found).toBe(told);
      // What is set by F_SETFL and how it was opened: open(2).
      expect(flags & kept).toBe((toldFlags ?? 0) & kept);
    }
  },
  9: async (scene) => {
    const { dumped } = await journey(scene);
    const [root, one, other] = dumped.before;
    const holders = callsOf(dumped, 'DUMP_EXT_FILE', 'taker')
      .map(({ args }) => fileOf(args).holders.map(({ pid, fd }) => `${[root, one, other].indexOf(pid)}:${fd}`))
      .find((it) => it.length > 1);
    expect(holders?.toSorted()).toEqual(['0:20', '0:7', '1:20', '1:7', '2:20', '2:33', '2:7']);
  },
  10: async (scene) => {
    const { dumped, restored } = await journey(scene);
    expect(callsOf(dumped, 'DUMP_EXT_FILE').map(({ args }) => fileOf(args).holders.length)).toEqual([0, 0, 0, 0]);
    const counts = callsOf(restored, 'RESTORE_EXT_FILE', 'taker').map(({ args }) => fileOf(args).holders.length);
    expect(counts.toSorted()).toEqual([1, 7]);
  },
  11: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { images } of callsOf(dumped, 'DUMP_EXT_FILE')) expect(processImages(images)).toEqual([]);
  },
  12: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'DUMP_EXT_FILE').some(({ images }) => processImages(images).length > 0)).toBe(true);
  },
  13: async (scene) => {
    const run = await unclaimed(scene);
    expectRunsOn(run);
    expect(run.error?.code).toBe('UNSUPPORTED');
  },
  14: async (scene) => {
    const target = await scene.shared();
    const plugins = (observer: Observer) => [
      observer.plugin('taker', {
        takes: true,
        only: ['DUMP_EXT_FILE', 'DUMP_UNIX_SK', 'RESTORE_UNIX_SK', 'HANDLE_DEVICE_VMA', 'UPDATE_VMA_MAP'],
      }),
    ];
    const refused = await scene.dump(target, { plugins });
    expectRunsOn(refused);
    expect(refused.error).toMatchObject({ code: 'UNSUPPORTED', plugin: 'taker', hook: 'RESTORE_EXT_FILE' });
    expect((await scene.dump(target, { plugins, leaveRunning: true })).error).toBe(null);
    await target.advance(1);
    const only = await scene.start();
    expect((await scene.dump(only, { plugins, dumpOnly: true })).error).toBe(null);
  },
  15: async (scene) => {
    expectRunsOn(await failedDump(scene, 'DUMP_EXT_FILE'));
  },
});

const ofSocket = prove(dumpSocket, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'DUMP_UNIX_SK', 'taker'), 'a descriptor in each process').toHaveLength(1);
    expectBefore(dumped, 'CHECKPOINT_DEVICES', 'DUMP_UNIX_SK');
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, 'DUMP_UNIX_SK', 'HANDLE_DEVICE_VMA');
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, ['DUMP_EXT_FILE', 'HANDLE_DEVICE_VMA'], 'DUMP_UNIX_SK');
  },
  4: async (scene) => {
    const { dumped } = await journey(scene);
    expectStanding(callsOf(dumped, 'DUMP_UNIX_SK'), dumped.before);
  },
  5: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { images } of callsOf(dumped, 'DUMP_UNIX_SK')) expect(processImages(images)).toEqual([]);
  },
  6: async (scene) => {
    const { dumped } = await journey(scene);
    const names = dumped.before.flatMap((pid) => [`core-${pid}.img`, `mm-${pid}.img`, `pagemap-${pid}.img`]);
    for (const { images } of callsOf(dumped, 'DUMP_UNIX_SK')) expect(images).toEqual(expect.arrayContaining(names));
  },
  7: async (scene) => {
    expectRunsOn(await failedDump(scene, 'DUMP_UNIX_SK'));
  },
});

const ofMap = prove(dumpMap, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'HANDLE_DEVICE_VMA', 'taker'), 'one device, three processes').toHaveLength(1);
    expectBefore(dumped, 'DUMP_EXT_FILE', 'HANDLE_DEVICE_VMA');
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'HANDLE_DEVICE_VMA', 'taker'), 'one device, three processes').toHaveLength(3);
    expect(spanOf(dumped, 'HANDLE_DEVICE_VMA').first).toBeLessThan(spanOf(dumped, 'DUMP_EXT_FILE').first);
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    expectBefore(dumped, 'CHECKPOINT_DEVICES', 'HANDLE_DEVICE_VMA');
  },
  4: async (scene) => {
    const { dumped } = await journey(scene);
    expectStanding(callsOf(dumped, 'HANDLE_DEVICE_VMA'), dumped.before);
  },
  5: async (scene) => {
    const { lent } = await journey(scene);
    const maps = lent.filter(({ step }) => step === 'HANDLE_DEVICE_VMA');
    expect(maps.length).toBeGreaterThan(0);
    for (const { told, found } of maps) expect(found).toBe(told);
  },
  6: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { images } of callsOf(dumped, 'HANDLE_DEVICE_VMA')) expect(processImages(images)).toEqual([]);
  },
  7: async (scene) => {
    const { dumped } = await journey(scene);
    const [first, , last] = callsOf(dumped, 'HANDLE_DEVICE_VMA', 'taker');
    expect(processImages(first?.images ?? null)).toEqual([]);
    expect(last?.images).toContain(`core-${dumped.before[0]}.img`);
  },
  8: async (scene) => {
    expectRunsOn(await failedDump(scene, 'HANDLE_DEVICE_VMA'));
  },
  9: async (scene) => {
    const { lent } = await journey(scene);
    const flags = lent.filter(({ step }) => step === 'HANDLE_DEVICE_VMA').map((it) => it.flags & O_PATH);
    expect(flags).toEqual([O_PATH]);
  },
});

const ofLate = prove(dumpLate, {
  1: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'DUMP_DEVICES_LATE', 'taker').map(({ pid }) => pid)).toEqual([dumped.before[0]]);
    expectBefore(dumped, ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', ...saving], 'DUMP_DEVICES_LATE');
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'DUMP_DEVICES_LATE')).toEqual([]);
    expect(dumped.warnings).toContainEqual(expect.stringMatching(/never calls .*DUMP_DEVICES_LATE.* of plugin taker/));
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    expectStanding(callsOf(dumped, 'DUMP_DEVICES_LATE'), dumped.before);
  },
  4: async (scene) => {
    const { dumped, left } = await journey(scene);
    const [late] = callsOf(dumped, 'DUMP_DEVICES_LATE');
    const names = dumped.before.flatMap((pid) => [`core-${pid}.img`, `mm-${pid}.img`]);
    expect(late?.images).toEqual(expect.arrayContaining(['pstree.img', 'files.img', ...names]));
    expect(late?.images?.filter((name) => /^(pages|pagemap)-|^inventory/.test(name))).toEqual([]);
    expect(processImages(callsOf(left, 'DUMP_DEVICES_LATE')[0]?.images ?? null)).toEqual([]);
  },
  5: async (scene) => {
    const { left } = await journey(scene);
    expect(readFileSync(`${left.images}/criujs/taker/late`, 'utf8')).toBe('{}');
  },
  6: async (scene) => {
    expectRunsOn(await failedDump(scene, 'DUMP_DEVICES_LATE'));
  },
});

export const dumpsProven: readonly Proven[] = [ofPause, ofCheckpoint, ofFile, ofSocket, ofMap, ofLate];
