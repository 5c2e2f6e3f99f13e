import { expect } from 'vitest';
import { type Proven, prove } from '../prove.ts';
import {
  type Batchable,
  type BatchCall,
  type Batches,
  batchable,
  batches,
  bornAfterBatch,
  type LaterWork,
  lateBatch,
  laterRuns,
  throwingBatch,
} from '../scenes/at-once.ts';
import { batch, later } from '../sections/at-once.ts';

const of = ({ calls }: Batches, hook: Batchable): readonly BatchCall[] => calls.filter((it) => it.hook === hook);

const ofBatches = prove(batch, {
  1: async (scene) => {
    const found = await batches(scene);
    const told = (hook: Batchable): number[] =>
      found.singles.filter((it) => it.startsWith(`first ${hook} `)).map((it) => Number(it.split(' ')[2]));
    for (const hook of batchable) {
      expect(of(found, hook)).toMatchObject([{ pids: found.before, isAll: true }]);
      expect(told(hook)).toEqual(found.before);
    }
  },
  2: async (scene) => {
    const found = await batches(scene);
    for (const hook of batchable) {
      const calls = of(found, hook);
      expect(calls.map(({ pids: [pid] }) => pid).toSorted()).toEqual(found.before.toSorted());
      expect(calls.map(({ pids, isAll }) => [pids.length, isAll])).toEqual(found.before.map(() => [1, false]));
    }
  },
  3: async (scene) => {
    const found = await batches(scene);
    for (const { hook, pids, singles } of found.calls) {
      expect(found.singles[singles - 1]).toBe(`first ${hook} ${pids[0]}`);
      expect(found.singles[singles]).toBe(`last ${hook} ${pids[0]}`);
    }
    expect(found.calls.length).toBeGreaterThanOrEqual(batchable.length);
  },
  4: async (scene) => {
    const found = await bornAfterBatch(scene);
    expect(found.run.error).toBe(null);
    expect(of(found, 'PAUSE_DEVICES')).toMatchObject([
      { pids: found.before, isAll: true },
      { pids: [found.born], isAll: false },
    ]);
    const [checkpointed] = of(found, 'CHECKPOINT_DEVICES');
    expect(checkpointed?.pids.toSorted()).toEqual([...found.before, found.born].toSorted());
  },
  5: async (scene) => {
    const found = await batches(scene);
    for (const { hook, isStopped } of found.calls)
      expect(new Set(isStopped), hook).toEqual(new Set([hook !== 'PAUSE_DEVICES']));
  },
  6: async (scene) => {
    const { run, calls, before } = await lateBatch(scene);
    expect(run.error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'batch', hook: 'PAUSE_DEVICES' });
    expect(calls).toHaveLength(1);
    expect(run.after).toEqual(before);
  },
  7: async (scene) => {
    const { run } = await throwingBatch(scene);
    expect(run.error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'batch', hook: 'PAUSE_DEVICES' });
    expect(run.error?.message).toContain('no such process');
    expect(run.hasImages).toBe(false);
  },
});

function expectNothingRestored({ run, events }: LaterWork): void {
  expect(events).not.toContain('RESUME_DEVICES_LATE');
  expect(run.after).toEqual([]);
}

const ofLater = prove(later, {
  1: async (scene) => {
    const { run, events } = (await laterRuns(scene)).well;
    expect(run.error).toBe(null);
    expect(events.indexOf('answered')).toBeGreaterThanOrEqual(0);
    expect(events.indexOf('ended')).toBeGreaterThan(events.indexOf('answered'));
    expect(events.indexOf('RESUME_DEVICES_LATE')).toBeGreaterThan(events.lastIndexOf('ended'));
  },
  2: async (scene) => {
    // It waits for the deadline: all that is restored after its call is restored beside it.
    const { events } = (await laterRuns(scene)).hangs;
    expect(events.indexOf('UPDATE_VMA_MAP')).toBeGreaterThan(events.indexOf('answered'));
    expect(events.indexOf('ended')).toBeGreaterThan(events.lastIndexOf('UPDATE_VMA_MAP'));
  },
  3: async (scene) => {
    const { ticks } = (await laterRuns(scene)).well;
    expect(ticks).toBe(0);
  },
  4: async (scene) => {
    const { rejects } = await laterRuns(scene);
    expect(rejects.run.error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'taker', hook: 'RESTORE_EXT_FILE' });
    expectNothingRestored(rejects);
  },
  5: async (scene) => {
    const { hangs } = await laterRuns(scene);
    expect(hangs.run.error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'taker', hook: 'RESTORE_EXT_FILE' });
    expectNothingRestored(hangs);
  },
  6: async (scene) => {
    const { givenUp } = await laterRuns(scene);
    expect(givenUp.run.error).toMatchObject({ code: 'HOOK_FAILED', hook: 'UPDATE_VMA_MAP' });
    expect(givenUp.events.slice(-2)).toEqual(['ended', 'exit']);
    expectNothingRestored(givenUp);
  },
});

export const workAtOnceProven: readonly Proven[] = [ofBatches, ofLater];
