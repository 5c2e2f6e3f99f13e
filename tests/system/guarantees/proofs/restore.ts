import { readdirSync } from 'node:fs';
import { syscall } from '@criujs/linux';
import type { RecordedFile, UnixSocketInfo } from '@criujs/plugin-sdk';
import { expect } from 'vitest';
import { procLink } from '../../../../packages/core/test/harness/processes.ts';
import { type Proven, prove } from '../prove.ts';
import { device, type Scene } from '../scene.ts';
import {
  callsOf,
  expectBefore,
  expectNobodyLeft,
  expectParentsFirst,
  expectStanding,
  isHook,
  resourceOf,
} from '../scenes/calls.ts';
import { damagedImages } from '../scenes/damaged.ts';
import { failedRestore, journey, newPids, onlyFiles, sideBySide, waitsForOthers } from '../scenes/journey.ts';
import { postForking, restoreFile, restoreInit, restoreSocket, resume, updateMap } from '../sections/restore.ts';

const opening = ['RESTORE_EXT_FILE', 'RESTORE_UNIX_SK'] as const;

/** A hook that this CRIU is too old for. */
async function neverCalled(scene: Scene, step: 'RESTORE_INIT' | 'POST_FORKING'): Promise<void> {
  const { restored } = await journey(scene);
  expect(callsOf(restored, step)).toEqual([]);
  expect(restored.warnings).toContainEqual(expect.stringMatching(RegExp(`never calls .*${step}.* of plugin taker`)));
}

/** The program has not run since it was dumped. */
async function hasNotRun(
  scene: Scene,
  step: 'RESTORE_EXT_FILE' | 'RESTORE_UNIX_SK' | 'UPDATE_VMA_MAP' | 'RESUME_DEVICES_LATE',
): Promise<void> {
  const { dumped, restored } = await journey(scene);
  const before = callsOf(dumped, 'CHECKPOINT_DEVICES')[0]?.ticks;
  const ticks = new Set(callsOf(restored, step).map((call) => call.ticks));
  expect(ticks).toEqual(new Set([before]));
}

async function nobodyIsThere(
  scene: Scene,
  step: 'RESTORE_INIT' | 'RESTORE_EXT_FILE' | 'RESTORE_UNIX_SK',
): Promise<void> {
  const { restored } = await journey(scene);
  const trees = callsOf(restored, step).map(({ tree }) => tree);
  expect(trees.length).toBeGreaterThan(0);
  expect(trees.flat()).toEqual([]);
}

const ofInit = prove(restoreInit, {
  1: async (scene) => {
    const { restored } = await journey(scene);
    expect(callsOf(restored, 'RESTORE_INIT').map(({ plugin }) => plugin)).toEqual(['first', 'taker', 'last']);
    expectBefore(restored, 'init', 'RESTORE_INIT');
    expect(restored.calls.filter(isHook)[0]?.step).toBe('RESTORE_INIT');
    expectBefore(restored, 'RESTORE_INIT', [...opening, 'UPDATE_VMA_MAP', 'POST_FORKING', 'RESUME_DEVICES_LATE']);
  },
  2: (scene) => neverCalled(scene, 'RESTORE_INIT'),
  3: (scene) => nobodyIsThere(scene, 'RESTORE_INIT'),
  4: async (scene) => {
    const { dumped, target } = await journey(scene);
    const damaged = await damagedImages(scene, target, dumped.images);
    expect(damaged.error?.code).toBe('IMAGE_INVALID');
    expect(damaged.calls.filter(isHook)).toEqual([]);
  },
  5: async (scene) => {
    const run = await failedRestore(scene, 'RESTORE_INIT');
    expectNobodyLeft(run);
    expect(run.calls.filter(isHook).filter(({ step }) => step !== 'RESTORE_INIT')).toEqual([]);
  },
});

const fileOf = (args: Readonly<Record<string, unknown>>): RecordedFile => args['file'] as RecordedFile;

/** kcmp(2): 0 where both numbers are one open file. */
const sameFile = (one: number, oneFd: number, other: number, otherFd: number): boolean =>
  syscall('kcmp', one, other, 0, oneFd, otherFd) === 0;

const ofFile = prove(restoreFile, {
  1: async (scene) => {
    const { dumped, restored } = await journey(scene);
    const ids = callsOf(dumped, 'DUMP_EXT_FILE', 'taker').map(({ args }) => args['id']);
    expect(
      callsOf(restored, 'RESTORE_EXT_FILE')
        .map(({ args }) => args['id'])
        .toSorted(),
    ).toEqual(ids.toSorted());
    expect(ids).toHaveLength(2);
  },
  2: async (scene) => {
    const { restored } = await journey(scene);
    const ids = callsOf(restored, 'RESTORE_EXT_FILE').map(({ args }) => Number(args['id']));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expectBefore(restored, 'RESTORE_EXT_FILE', 'UPDATE_VMA_MAP');
  },
  3: async (scene) => {
    const run = await waitsForOthers(scene);
    expect(run.error).toBe(null);
    const asked = callsOf(run, opening, 'taker').map(resourceOf);
    const [first = '', ...others] = asked;
    expect(asked.filter((it) => it === first)).toHaveLength(2);
    expect(others.indexOf(first)).toBe(others.length - 1);
  },
  4: async (scene) => {
    const early = await onlyFiles(scene);
    expect(early.error).toBe(null);
    const [first] = callsOf(early, 'RESTORE_EXT_FILE');
    expect(first?.tree).toEqual([]);
    const { restored } = await journey(scene);
    expect(callsOf(restored, 'RESTORE_EXT_FILE')[0]?.tree).not.toEqual([]);
  },
  5: (scene) => nobodyIsThere(scene, 'RESTORE_EXT_FILE'),
  6: (scene) => hasNotRun(scene, 'RESTORE_EXT_FILE'),
  7: async (scene) => {
    const { dumped } = await journey(scene);
    const [root = 0, one = 0, other = 0] = dumped.before;
    const same = [
      [root, 20],
      [one, 7],
      [other, 33],
    ].map(([pid = 0, fd = 0]) => sameFile(root, 7, pid, fd));
    expect(same).toEqual([true, true, true]);
    expect(sameFile(root, 7, root, 50)).toBe(false);
    // The program compares their flags with those that it set.
    const own = readdirSync('/proc/self/fd').flatMap((fd) => procLink(process.pid, `fd/${fd}`) ?? []);
    expect(own).not.toContain(device);
  },
  8: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const { args } of callsOf(restored, 'RESTORE_EXT_FILE')) {
      const before = callsOf(dumped, 'DUMP_EXT_FILE', 'taker').find((it) => it.args['id'] === args['id']);
      const { path, flags, position } = fileOf(before?.args ?? {});
      expect(fileOf(args)).toMatchObject({ path, flags, position, provider: { name: 'taker' } });
    }
    expect(callsOf(restored, 'RESTORE_EXT_FILE')[0]?.images).toContain('criujs');
  },
  9: async (scene) => {
    expectNobodyLeft(await failedRestore(scene, 'RESTORE_EXT_FILE'));
  },
});

const ofSocket = prove(restoreSocket, {
  1: async (scene) => {
    const { dumped, restored } = await journey(scene);
    expect(callsOf(restored, 'RESTORE_UNIX_SK')).toHaveLength(1);
    expect(callsOf(restored, 'RESTORE_UNIX_SK')[0]?.args['inode']).toBe(
      callsOf(dumped, 'DUMP_UNIX_SK', 'taker')[0]?.args['inode'],
    );
  },
  2: async (scene) => {
    const { restored } = await journey(scene);
    expectBefore(restored, opening, 'UPDATE_VMA_MAP');
  },
  3: (scene) => nobodyIsThere(scene, 'RESTORE_UNIX_SK'),
  4: (scene) => hasNotRun(scene, 'RESTORE_UNIX_SK'),
  5: async (scene) => {
    const { dumped, restored } = await journey(scene);
    const socketOf = (args?: Readonly<Record<string, unknown>>): UnixSocketInfo | undefined =>
      args?.['socket'] as UnixSocketInfo | undefined;
    const [before] = callsOf(dumped, 'DUMP_UNIX_SK', 'taker');
    const [now] = callsOf(restored, 'RESTORE_UNIX_SK');
    const { holders: _, ...facts } = socketOf(before?.args) ?? { holders: [] };
    expect(socketOf(now?.args)).toMatchObject(facts);
    expect(socketOf(now?.args)?.holders).toHaveLength(3);
  },
  6: async (scene) => {
    expectNobodyLeft(await failedRestore(scene, 'RESTORE_UNIX_SK'));
  },
});

const ofMap = prove(updateMap, {
  1: async (scene) => {
    const { restored } = await journey(scene);
    expect(callsOf(restored, 'UPDATE_VMA_MAP', 'taker'), 'one map in each process').toHaveLength(3);
  },
  2: async (scene) => {
    const { restored } = await journey(scene);
    expectBefore(restored, opening, 'UPDATE_VMA_MAP');
    expect(callsOf(restored, 'UPDATE_VMA_MAP').flatMap(({ tree }) => tree)).toEqual([]);
  },
  3: async (scene) => {
    const run = await sideBySide(scene);
    expect(run.error).toBe(null);
    expect(Math.max(...callsOf(run, 'UPDATE_VMA_MAP').map(({ atWork }) => atWork))).toBeGreaterThan(1);
  },
  4: (scene) => hasNotRun(scene, 'UPDATE_VMA_MAP'),
  5: async (scene) => {
    const { restored } = await journey(scene);
    const asked = callsOf(restored, opening);
    expect(asked).toHaveLength(3);
    expectBefore(restored, opening, 'UPDATE_VMA_MAP');
  },
  6: async (scene) => {
    expectNobodyLeft(await failedRestore(scene, 'UPDATE_VMA_MAP'));
  },
});

const ofForking = prove(postForking, {
  1: async (scene) => {
    const { restored } = await journey(scene);
    expect(callsOf(restored, 'POST_FORKING').map(({ plugin }) => plugin)).toEqual(['first', 'taker', 'last']);
    expectBefore(restored, [...opening, 'UPDATE_VMA_MAP'], 'POST_FORKING');
    expectBefore(restored, 'POST_FORKING', 'RESUME_DEVICES_LATE');
  },
  2: (scene) => neverCalled(scene, 'POST_FORKING'),
  3: async (scene) => {
    const { dumped, restored } = await journey(scene);
    for (const { tree } of callsOf(restored, 'POST_FORKING')) {
      expect(tree.map(({ pid }) => pid)).toEqual(dumped.before);
      expect(new Set(tree.flatMap(({ states }) => states))).toEqual(new Set(['t']));
      // What each has of its own comes later: until then all have the same.
      expect(new Set(tree.map(({ descriptors }) => descriptors)).size).toBe(1);
    }
  },
  4: async (scene) => {
    const { restored } = await journey(scene);
    expectBefore(restored, [...opening, 'UPDATE_VMA_MAP'], 'POST_FORKING');
  },
  5: async (scene) => {
    expectNobodyLeft(await failedRestore(scene, 'POST_FORKING'));
  },
});

const ofResume = prove(resume, {
  1: async (scene) => {
    const { restored, dumped } = await journey(scene);
    const told = callsOf(restored, 'RESUME_DEVICES_LATE', 'taker');
    expectParentsFirst(
      dumped,
      told.map(({ pid }) => pid),
    );
    expectBefore(restored, [...opening, 'UPDATE_VMA_MAP'], 'RESUME_DEVICES_LATE');
    expectBefore(restored, 'RESUME_DEVICES_LATE', 'exit');
  },
  2: async (scene) => {
    const { restored, dumped } = await journey(scene);
    const told = callsOf(restored, 'RESUME_DEVICES_LATE');
    expectStanding(told, dumped.before);
    const before = new Map(callsOf(dumped, 'CHECKPOINT_DEVICES')[0]?.tree.map((it) => [it.pid, it]));
    for (const it of told.flatMap(({ tree }) => tree)) {
      expect(it.states).toEqual(before.get(it.pid)?.states);
      expect(it.descriptors).toBe(before.get(it.pid)?.descriptors);
    }
  },
  3: (scene) => hasNotRun(scene, 'RESUME_DEVICES_LATE'),
  4: async (scene) => {
    const run = await newPids(scene);
    expect(run.error).toBe(null);
    const told = callsOf(run, 'RESUME_DEVICES_LATE', 'taker').map(({ pid }) => pid);
    expect(told).toEqual(run.after);
    expect(told.filter((pid) => run.before.includes(Number(pid)))).toEqual([]);
  },
  5: async (scene) => {
    // The deeds of this journey read a part that was written when the first process was paused.
    const { restored } = await journey(scene);
    expect(restored.error).toBe(null);
    expect(callsOf(restored, 'RESUME_DEVICES_LATE', 'taker').map(({ ended }) => ended)).toEqual([true, true, true]);
  },
  6: async (scene) => {
    const run = await failedRestore(scene, 'RESUME_DEVICES_LATE');
    expectNobodyLeft(run);
    expect(callsOf(run, 'RESUME_DEVICES_LATE', 'taker')).toHaveLength(1);
  },
});

export const restoresProven: readonly Proven[] = [ofInit, ofFile, ofSocket, ofMap, ofForking, ofResume];
