import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as core from '@criujs/core';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { expect } from 'vitest';
import { criujsCommand } from '../../../../packages/core/test/harness/engines.ts';
import type { Call, Step } from '../observe.ts';
import { type Proven, prove } from '../prove.ts';
import { device, type Run, type Scene } from '../scene.ts';
import { callsOf, expectBefore, expectNobodyLeft, expectRunsOn, isHandler, isHook } from '../scenes/calls.ts';
import {
  aborted,
  failedDump,
  failedRestore,
  failsAtExit,
  failsSideBySide,
  hung,
  journey,
  killed,
  killedRestore,
  sideBySide,
  unclaimed,
  withoutCriu,
} from '../scenes/journey.ts';
import { claim, run as everyHook, exit, init } from '../sections/run.ts';
import { timelines } from '../timeline.ts';

const plugins = ['first', 'taker', 'last'] as const;

/** Steps of a dump and of a restore that an engine comes to. */
const dumpSteps: Readonly<Record<Scene['name'], readonly HookName[]>> = {
  criujs: [
    'PAUSE_DEVICES',
    'CHECKPOINT_DEVICES',
    'DUMP_EXT_FILE',
    'DUMP_UNIX_SK',
    'HANDLE_DEVICE_VMA',
    'DUMP_DEVICES_LATE',
  ],
  criu: ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'DUMP_EXT_FILE', 'DUMP_UNIX_SK', 'HANDLE_DEVICE_VMA'],
};
const restoreSteps: Readonly<Record<Scene['name'], readonly HookName[]>> = {
  criujs: [
    'RESTORE_INIT',
    'RESTORE_EXT_FILE',
    'RESTORE_UNIX_SK',
    'UPDATE_VMA_MAP',
    'POST_FORKING',
    'RESUME_DEVICES_LATE',
  ],
  criu: ['RESTORE_EXT_FILE', 'RESTORE_UNIX_SK', 'RESUME_DEVICES_LATE'],
};

const isObserver = ({ step }: Call): boolean => step in hookTable && !isHandler(step);
const namesOf = (calls: readonly Call[]): string[] => calls.map(({ plugin }) => plugin);
const exitsOf = (run: Run): string[] => namesOf(callsOf(run, 'exit'));

/** What is called after the first failure, but for the other plugins of an observer. */
function afterFailure(run: Run, step: Step): readonly Step[] {
  const failed = run.calls.findIndex((it) => it.step === step && it.plugin === 'taker');
  const { pid } = run.calls[failed] ?? {};
  const rest = run.calls.slice(failed + 1);
  return rest.filter((it) => isHandler(step) || it.step !== step || it.pid !== pid).map((it) => it.step);
}

const ofRun = prove(everyHook, {
  1: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const run of [dumped, restored]) {
      expect(namesOf(callsOf(run, 'init'))).toEqual(plugins);
      for (let at = 0; at < run.calls.length; at++) {
        const [one, next] = run.calls.slice(at, at + 2);
        if (one !== undefined && isObserver(one) && one.plugin === 'first') expect(next?.plugin).toBe('taker');
      }
    }
    expect(namesOf(callsOf(dumped, 'DUMP_EXT_FILE'))).toEqual(['first', 'taker', 'first', 'taker']);
  },
  2: async (scene) => {
    const { dumped } = await journey(scene);
    const asked = dumped.calls.filter(({ step }) => isHandler(step));
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(namesOf(asked))).toEqual(new Set(['first', 'taker']));
  },
  3: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const [run, step] of [
      [dumped, 'PAUSE_DEVICES'],
      [dumped, 'CHECKPOINT_DEVICES'],
      [restored, 'RESUME_DEVICES_LATE'],
    ] as const) {
      const told = callsOf(run, step).map(({ pid, plugin }) => `${pid} ${plugin}`);
      const pids = callsOf(run, step, 'first').map(({ pid }) => pid);
      expect(told).toEqual(pids.flatMap((pid) => plugins.map((plugin) => `${pid} ${plugin}`)));
    }
  },
  4: async (scene) => {
    const { restored } = await journey(scene);
    expect(namesOf(callsOf(restored, ['RESTORE_EXT_FILE', 'RESTORE_UNIX_SK']))).toEqual(['taker', 'taker', 'taker']);
  },
  5: async (scene) => {
    const { left, dumped } = await journey(scene);
    for (const run of [left, dumped]) expect(new Set(run.calls.map(({ atWork }) => atWork))).toEqual(new Set([1]));
  },
  6: async (scene) => {
    const { restored } = await journey(scene);
    expect(new Set(restored.calls.map(({ atWork }) => atWork))).toEqual(new Set([1]));
  },
  7: async (scene) => {
    const run = await sideBySide(scene);
    const many = run.calls.filter(({ atWork }) => atWork > 1);
    expect(many.length).toBeGreaterThan(1);
    expect(many.filter(({ step }) => !isHandler(step))).toEqual([]);
  },
  8: async (scene) => {
    const { left, dumped, restored } = await journey(scene);
    for (const run of [left, dumped, restored, await sideBySide(scene)]) {
      const alone = run.calls.filter(({ step }) => !isHandler(step));
      expect(new Set(alone.map(({ atWork }) => atWork))).toEqual(new Set([1]));
    }
  },
  9: async (scene) => {
    const { planned, dumped, restored } = await journey(scene);
    const all = [planned, dumped, restored].flatMap(({ calls }) => calls);
    expect(all.filter(({ inHost }) => !inHost)).toEqual([]);
    expect(all.flatMap(({ tree }) => tree).filter(({ pid }) => pid === process.pid)).toEqual([]);
  },
  10: async (scene) => {
    // Its deeds write a part in PAUSE_DEVICES, and read it in CHECKPOINT_DEVICES and at the restore.
    const { dumped, restored } = await journey(scene);
    expect([dumped.error, restored.error]).toEqual([null, null]);
    for (const pid of dumped.before)
      expect(existsSync(join(dumped.images, 'criujs', 'taker', `pause-${pid}`))).toBe(true);
  },
  11: async (scene) => {
    const file = { resource: expect.stringContaining(device) };
    for (const [run, hook, more] of [
      [await failedDump(scene, 'DUMP_EXT_FILE'), 'DUMP_EXT_FILE', file],
      [await failedDump(scene, 'CHECKPOINT_DEVICES'), 'CHECKPOINT_DEVICES', {}],
      [await failedRestore(scene, 'RESTORE_EXT_FILE'), 'RESTORE_EXT_FILE', file],
    ] as const)
      expect(run.error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'taker', hook, ...more });
  },
  12: async (scene) => {
    expect(namesOf(callsOf(await failedDump(scene, 'DUMP_EXT_FILE'), 'DUMP_EXT_FILE'))).toEqual(['first', 'taker']);
    expect(namesOf(callsOf(await failedRestore(scene, 'RESTORE_UNIX_SK'), 'RESTORE_UNIX_SK'))).toEqual(['taker']);
  },
  13: async (scene) => {
    for (const run of [await failedDump(scene, 'PAUSE_DEVICES'), await failedDump(scene, 'CHECKPOINT_DEVICES')]) {
      const told = callsOf(run, ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES']).slice(-3);
      expect(namesOf(told)).toEqual(plugins);
      expect(told.map(({ pid }) => pid)).toEqual(plugins.map(() => run.before[0]));
    }
    expect(namesOf(callsOf(await failedRestore(scene, 'RESUME_DEVICES_LATE'), 'RESUME_DEVICES_LATE'))).toEqual(plugins);
  },
  14: async (scene) => {
    for (const step of dumpSteps[scene.name])
      expect(afterFailure(await failedDump(scene, step), step), step).toEqual(['exit', 'exit', 'exit']);
    for (const step of restoreSteps[scene.name])
      expect(afterFailure(await failedRestore(scene, step), step), step).toEqual(['exit', 'exit', 'exit']);
  },
  15: async (scene) => {
    const run = await failsSideBySide(scene);
    expect(run.error).toMatchObject({ code: 'HOOK_FAILED', hook: 'UPDATE_VMA_MAP' });
    expect(run.calls.some(({ atWork }) => atWork > 1)).toBe(true);
    expect(callsOf(run, 'exit').map(({ atWork }) => atWork)).toEqual([1, 1, 1]);
  },
  16: async (scene) => {
    const run = await hung(scene);
    expect(run.error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'taker', hook: 'CHECKPOINT_DEVICES' });
    expect(callsOf(run, 'CHECKPOINT_DEVICES', 'taker')[0]?.signal.aborted).toBe(true);
  },
  17: async (scene) => {
    const run = await aborted(scene);
    expect(run.error?.code).toBe('ABORTED');
    expect(callsOf(run, 'CHECKPOINT_DEVICES', 'taker').map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(callsOf(run, 'CHECKPOINT_DEVICES', 'last')).toEqual([]);
  },
  18: async (scene) => {
    for (const step of dumpSteps[scene.name]) expectRunsOn(await failedDump(scene, step));
    for (const run of [await hung(scene), await aborted(scene), await unclaimed(scene)]) expectRunsOn(run);
  },
  19: async (scene) => {
    for (const step of restoreSteps[scene.name]) expectNobodyLeft(await failedRestore(scene, step));
  },
  20: async (scene) => {
    const { calls, hasImages } = await killed(scene);
    expect(calls.slice(-1)).toEqual(['CHECKPOINT_DEVICES']);
    expect(calls).not.toContain('exit');
    expect(hasImages).toBe(false);
  },
  21: async (scene) => {
    const run = await withoutCriu(scene);
    expectRunsOn(run);
    expect(run.error?.code).toBe('CRIU_FAILED');
    expect(exitsOf(run)).toEqual(['last', 'taker', 'first']);
  },
  23: async (scene) => {
    const { calls, ran } = await killedRestore(scene);
    expect(calls).toEqual(['init', 'RESUME_DEVICES_LATE']);
    expect(ran).toBe(false);
  },
  24: async (scene) => {
    const { calls, ran } = await killedRestore(scene);
    expect(calls).toEqual(['init', 'RESUME_DEVICES_LATE']);
    expect(ran).toBe(true);
  },
  22: async (scene) => {
    const { left, dumped, restored } = await journey(scene);
    for (const [run, moments] of [
      [left, timelines.dump],
      [dumped, timelines.dump],
      [restored, timelines.restore],
    ] as const) {
      const places = run.calls.map(({ step }) => moments.findIndex(({ calls }) => calls.includes(step)));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places[0]).toBe(0);
    }
  },
});

const ofInit = prove(init, {
  1: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const run of [dumped, restored]) {
      expect(run.calls.slice(0, 3).map(({ step, plugin }) => `${step} ${plugin}`)).toEqual(
        plugins.map((plugin) => `init ${plugin}`),
      );
      expect(callsOf(run, 'init').map(({ atWork }) => atWork)).toEqual([1, 1, 1]);
    }
  },
  2: async (scene) => {
    const { dumped, restored } = await journey(scene);
    expect(callsOf(dumped, 'init').map(({ args }) => args['stage'])).toEqual(['dump', 'dump', 'dump']);
    expect(callsOf(restored, 'init').map(({ args }) => args['stage'])).toEqual(['restore', 'restore', 'restore']);
    expect(Object.keys(core)).not.toContain('preDump');
    expect((await criujsCommand(['pre-dump'])).code).not.toBe(0);
  },
  3: async (scene) => {
    const { dumped } = await journey(scene);
    for (const { tree } of callsOf(dumped, 'init')) {
      expect(tree.map(({ pid }) => pid)).toEqual(dumped.before);
      expect(tree.filter(({ tracer }) => tracer !== 0)).toEqual([]);
    }
  },
  4: async (scene) => {
    const { restored } = await journey(scene);
    expect(callsOf(restored, 'init').map(({ tree }) => tree)).toEqual([[], [], []]);
  },
  5: async (scene) => {
    const { left } = await journey(scene);
    for (const { images } of callsOf(left, 'init'))
      expect((images ?? []).filter((name) => name.endsWith('.img'))).toEqual([]);
    expect(existsSync(join(left.images, 'criujs', 'taker', 'begun'))).toBe(true);
  },
  6: async (scene) => {
    // Its deed reads every part.
    const { dumped, restored } = await journey(scene);
    const names = ['inventory.img', 'criujs.json', ...dumped.before.map((pid) => `core-${pid}.img`)];
    for (const { images } of callsOf(restored, 'init')) expect(images).toEqual(expect.arrayContaining(names));
    expect(restored.error).toBe(null);
  },
  7: async (scene) => {
    const run = await failedDump(scene, 'init');
    expect(run.error?.code).toBe('PLUGIN_INIT_FAILED');
    expect(run.calls.filter(isHook)).toEqual([]);
    expectRunsOn(run);
    const back = await failedRestore(scene, 'init');
    expect(back.error?.code).toBe('PLUGIN_INIT_FAILED');
    expect(back.calls.filter(isHook)).toEqual([]);
  },
  8: async (scene) => {
    for (const run of [await failedDump(scene, 'init'), await failedRestore(scene, 'init')])
      expect(run.calls.map(({ step, plugin }) => `${step} ${plugin}`)).toEqual([
        'init first',
        'init taker',
        'exit taker',
        'exit first',
      ]);
  },
});

const ofExit = prove(exit, {
  1: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const run of [
      dumped,
      restored,
      await failedDump(scene, 'CHECKPOINT_DEVICES'),
      await failedRestore(scene, 'RESUME_DEVICES_LATE'),
    ])
      expect(exitsOf(run)).toEqual(['last', 'taker', 'first']);
    expect(exitsOf(await failedDump(scene, 'init'))).toEqual(['taker', 'first']);
  },
  2: async (scene) => {
    const { left, dumped, restored } = await journey(scene);
    for (const run of [left, dumped, restored])
      expect(callsOf(run, 'exit').map(({ outcome }) => outcome)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    for (const run of [
      await failedDump(scene, 'CHECKPOINT_DEVICES'),
      await failedRestore(scene, 'RESTORE_EXT_FILE'),
      await unclaimed(scene),
    ]) {
      for (const { outcome } of callsOf(run, 'exit'))
        expect(outcome).toMatchObject({ ok: false, error: { code: run.error?.code, message: run.error?.message } });
    }
  },
  3: async (scene) => {
    const { left } = await journey(scene);
    const failed = await Promise.all(dumpSteps[scene.name].map((step) => failedDump(scene, step)));
    for (const run of [left, ...failed]) {
      const [last, taker, first] = callsOf(run, 'exit');
      expect(last?.tree.map(({ pid }) => pid)).toEqual(run.before);
      expect(last?.tree.filter(({ tracer }) => tracer !== 0)).toEqual([]);
      // The second one waits until the program has come further.
      expect(first?.ticks).toBeGreaterThan(taker?.ticks ?? Number.POSITIVE_INFINITY);
    }
  },
  4: async (scene) => {
    const { dumped } = await journey(scene);
    expect(callsOf(dumped, 'exit').map(({ tree }) => tree)).toEqual([[], [], []]);
  },
  5: async (scene) => {
    const { restored } = await journey(scene);
    expectBefore(restored, 'RESUME_DEVICES_LATE', 'exit');
    for (const { tree } of callsOf(restored, 'exit')) {
      expect(tree).toHaveLength(3);
      expect(tree.filter(({ tracer }) => tracer !== 0)).toEqual([]);
    }
  },
  6: async (scene) => {
    for (const step of restoreSteps[scene.name])
      expect(callsOf(await failedRestore(scene, step), 'exit').flatMap(({ tree }) => tree)).toEqual([]);
  },
  7: async (scene) => {
    const { left, dumped } = await journey(scene);
    const leftToUndo = (run: Run): (number | undefined)[] => {
      const paused = callsOf(run, 'PAUSE_DEVICES', 'taker').map(({ pid }) => pid);
      const living = callsOf(run, 'exit', 'taker')[0]?.tree.map(({ pid }) => pid);
      return paused.filter((pid) => living?.includes(Number(pid)));
    };
    expect(leftToUndo(dumped)).toEqual([]);
    expect(leftToUndo(left)).toEqual(left.before);
    const failed = await failedDump(scene, 'DUMP_EXT_FILE');
    expect(leftToUndo(failed)).toEqual(failed.before);
    const early = await failedDump(scene, 'PAUSE_DEVICES');
    expect(leftToUndo(early)).toEqual(early.before.slice(0, 1));
  },
  8: async (scene) => {
    const { left, dumped } = await journey(scene);
    for (const { isPlaced, images } of [left, dumped].flatMap((run) => callsOf(run, 'exit'))) {
      expect(isPlaced).toBe(true);
      expect(images).toEqual(expect.arrayContaining(['inventory.img', 'criujs.json', 'pages-1.img']));
    }
  },
  9: async (scene) => {
    for (const step of dumpSteps[scene.name])
      expect(callsOf(await failedDump(scene, step), 'exit').map(({ isPlaced }) => isPlaced)).toEqual([
        false,
        false,
        false,
      ]);
  },
  10: async (scene) => {
    const run = await failsAtExit(scene);
    expect(run.error).toBe(null);
    expect(run.hasImages).toBe(true);
    expect(exitsOf(run)).toEqual(['last', 'taker', 'first']);
    expect(run.warnings).toContainEqual(expect.stringContaining('the device is on fire'));
  },
  11: async (scene) => {
    for (const run of [await aborted(scene), await hung(scene)])
      expect(exitsOf(run)).toEqual(['last', 'taker', 'first']);
    expect(exitsOf(await unclaimed(scene))).toEqual(['first']);
  },
});

const ofClaim = prove(claim, {
  1: async (scene) => {
    const { planned, left, dumped, restored } = await journey(scene);
    expect(planned.error).toBe(null);
    expect(new Set(planned.calls.map(({ step }) => step))).toEqual(new Set(['claim']));
    for (const run of [left, dumped, restored]) expect(callsOf(run, 'claim')).toEqual([]);
  },
  2: async (scene) => {
    const { planned } = await journey(scene);
    expect(namesOf(planned.calls.slice(0, 3))).toEqual(plugins);
    for (const plugin of plugins)
      expect(callsOf(planned, 'claim', plugin)).toHaveLength(callsOf(planned, 'claim', 'first').length);
  },
  3: async (scene) => {
    const { planned } = await journey(scene);
    expect(Math.max(...planned.calls.map(({ atWork }) => atWork))).toBeGreaterThan(1);
  },
  4: async (scene) => {
    const { planned } = await journey(scene);
    for (const { tree } of planned.calls) {
      expect(tree.map(({ pid }) => pid)).toEqual(planned.before);
      expect(tree.filter(({ tracer }) => tracer !== 0)).toEqual([]);
    }
  },
  5: async (scene) => {
    // Its deed tries to write one.
    const { planned } = await journey(scene);
    expect(new Set(planned.calls.map(({ images }) => images))).toEqual(new Set([null]));
    expect(JSON.stringify(planned.rows)).not.toContain('a claim has written a part');
  },
  6: async (scene) => {
    const target = await scene.shared();
    const run = await scene.plan(target, {
      deeds: {
        claim() {
          throw new Error('the device is on fire');
        },
      },
    });
    expect(run.error).toBe(null);
    const failed = run.rows.filter((row) => JSON.stringify(row).includes('the device is on fire'));
    expect(failed.length).toBeGreaterThan(0);
    for (const row of failed) expect(JSON.stringify(row)).toContain('plugin taker');
  },
});

export const runsProven: readonly Proven[] = [ofRun, ofInit, ofExit, ofClaim];
