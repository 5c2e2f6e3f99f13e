import { expect } from 'vitest';
import type { DumpLeg, Engine, EngineHow, RestoreLeg } from './engines.ts';
import type { Place } from './place.ts';
import { portrait } from './portrait.ts';
import { runs, untilGone } from './processes.ts';
import type { Target } from './target.ts';
import { until } from './wait.ts';

export interface Leg {
  readonly by: Engine;
  readonly restoredBy?: Engine;
  readonly dump?: DumpLeg;
  readonly restore?: RestoreLeg;
  readonly how?: EngineHow;
  /** Whether to compare what /proc shows before and after. Default: yes. Programs of others change by themselves: no. */
  readonly compared?: boolean;
}

/** Dumps a target, sees it go, restores it, and lets it check itself. Gives the image directory. */
export async function travel(place: Place, target: Target, leg: Leg): Promise<string> {
  const images = target.images();
  const compared = leg.compared ?? true;
  const before = compared ? await target.paused(() => portrait(target.pid)) : '';
  await target.advance(2);
  const pids = target.pids();
  await leg.by.dump(target.pid, images, leg.dump, leg.how);
  for (const pid of pids) await until(`process ${pid} ends`, () => !runs(pid));
  const ticks = target.ticks();

  const restorer = leg.restoredBy ?? leg.by;
  if (!restorer.waitsForPids) for (const pid of pids) await untilGone(pid);
  const restored = await restorer.restore(images, leg.restore, leg.how);
  place.track(restored);
  if (!leg.restore?.newPids) expect(restored, 'the root has its old pid').toBe(target.pid);
  target.pid = restored;
  await target.advance();
  expect(target.ticks()).toBeGreaterThan(ticks);
  expect(target.held(), 'nobody is stopped or traced').toEqual([]);
  if (compared) expect(await target.paused(() => portrait(target.pid))).toBe(before);
  return images;
}
