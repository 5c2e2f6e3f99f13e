import type { HookName } from '@criujs/plugin-sdk';
import { expect } from 'vitest';
import type { Call } from '../observe.ts';
import { type Proven, prove } from '../prove.ts';
import type { Scene } from '../scene.ts';
import { processImages } from '../scenes/calls.ts';
import {
  dumpedInJail,
  dumpedWithLink,
  failedInJail,
  failedRestoreInJail,
  noLink,
  restoredInJail,
} from '../scenes/jail.ts';
import { journey } from '../scenes/journey.ts';
import { dumpLink, dumpMount, restoreMount } from '../sections/namespaces.ts';

async function neverByUs(scene: Scene, step: HookName): Promise<void> {
  const { left, dumped, restored } = await journey(scene);
  expect([dumped.error, restored.error]).toEqual([null, null]);
  expect([left, dumped, restored].flatMap(({ calls }) => calls).filter((it) => it.step === step)).toEqual([]);
}

const of = ({ calls }: { readonly calls: readonly Call[] }, step: HookName): readonly Call[] =>
  calls.filter((it) => it.step === step && it.plugin === 'taker');

/** The places of steps among all calls. */
const at = ({ calls }: { readonly calls: readonly Call[] }, step: HookName): readonly number[] =>
  calls.flatMap((it, index) => (it.step === step ? [index] : []));

function expectStanding(calls: readonly Call[]): void {
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.flatMap(({ tree }) => tree).filter(({ tracer }) => tracer === 0)).toEqual([]);
}

const ofDumps = prove(dumpMount, {
  1: (scene) => neverByUs(scene, 'DUMP_EXT_MOUNT'),
  2: async (scene) => {
    const run = await dumpedInJail(scene);
    expect(run.ok).toBe(true);
    expect(
      of(run, 'DUMP_EXT_MOUNT')
        .map(({ args }) => args['mountpoint'])
        .toSorted(),
    ).toEqual(['/data', '/device']);
    expect(Math.max(...at(run, 'CHECKPOINT_DEVICES'))).toBeLessThan(Math.min(...at(run, 'DUMP_EXT_MOUNT')));
    expect(Math.max(...at(run, 'DUMP_EXT_MOUNT'))).toBeLessThan(Math.min(...at(run, 'DUMP_EXT_FILE')));
  },
  3: async (scene) => expectStanding(of(await dumpedInJail(scene), 'DUMP_EXT_MOUNT')),
  4: async (scene) => {
    const asked = of(await dumpedInJail(scene), 'DUMP_EXT_MOUNT');
    expect(asked.map(({ images }) => processImages(images))).toEqual([[], []]);
  },
  5: async (scene) => {
    const run = await failedInJail(scene, 'DUMP_EXT_MOUNT');
    expect(run).toMatchObject({ ok: false, lives: true, failures: [{ code: 'HOOK_FAILED', hook: 'DUMP_EXT_MOUNT' }] });
  },
});

const ofRestores = prove(restoreMount, {
  1: (scene) => neverByUs(scene, 'RESTORE_EXT_MOUNT'),
  2: async (scene) => {
    const run = await restoredInJail(scene);
    expect(run).toMatchObject({ ok: true, lives: true });
    expect(of(run, 'RESTORE_EXT_MOUNT')).toHaveLength(2);
    expect(Math.max(...at(run, 'RESTORE_EXT_MOUNT'))).toBeLessThan(Math.min(...at(run, 'RESTORE_EXT_FILE')));
  },
  3: async (scene) => {
    const places = of(await restoredInJail(scene), 'RESTORE_EXT_MOUNT').map(({ args }) => args['mountpoint']);
    expect(places.toSorted()).toEqual(['/data', '/device']);
  },
  4: async (scene) => {
    for (const { images } of of(await restoredInJail(scene), 'RESTORE_EXT_MOUNT'))
      expect(images).toContain('inventory.img');
  },
  5: async (scene) => {
    const run = await failedRestoreInJail(scene);
    expect(run).toMatchObject({
      ok: false,
      lives: false,
      failures: [{ code: 'HOOK_FAILED', hook: 'RESTORE_EXT_MOUNT' }],
    });
  },
});

const ofLinks = prove(
  dumpLink,
  {
    1: (scene) => neverByUs(scene, 'DUMP_EXT_LINK'),
    2: async (scene) => {
      const run = await dumpedWithLink(scene);
      expect(run.ok).toBe(true);
      expect(of(run, 'DUMP_EXT_LINK')).toHaveLength(1);
      expect(Math.max(...at(run, 'CHECKPOINT_DEVICES'))).toBeLessThan(Math.min(...at(run, 'DUMP_EXT_LINK')));
    },
    3: async (scene) => expectStanding(of(await dumpedWithLink(scene), 'DUMP_EXT_LINK')),
    4: async (scene) => {
      for (const { images } of of(await dumpedWithLink(scene), 'DUMP_EXT_LINK'))
        expect(processImages(images).length).toBeGreaterThan(0);
    },
    5: async (scene) => {
      const run = await failedInJail(scene, 'DUMP_EXT_LINK');
      expect(run).toMatchObject({ ok: false, lives: true, failures: [{ code: 'HOOK_FAILED', hook: 'DUMP_EXT_LINK' }] });
    },
  },
  noLink,
);

export const namespacesProven: readonly Proven[] = [ofDumps, ofRestores, ofLinks];
