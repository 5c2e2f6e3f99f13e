import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { bin, criujs } from './harness/engines.ts';
import { signalAt } from './harness/killer.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { processesIn, runs, untilGone } from './harness/processes.ts';
import { type Program, threads, tree } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// Signals at random moments of a run, several at once: the second is as harmless as the first.

/** How often, in all: 100 is the full count. */
const total = Number(process.env['CRIUJS_SIGNAL_RUNS'] ?? 16);
const missing = threads.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');

const dumpPhases = ['survey', 'freeze', 'collect', 'infect', 'pages', 'write', 'commit', 'kill'];
const restorePhases = ['read', 'open', 'fork', 'build', 'resume'];
/** The kernel may deliver those that come at once in another order: any of them may be the one that decides the exit code. */
const volleys: readonly (readonly [number, ...number[]])[] = [
  [2, 2],
  [15, 15],
  [2, 15, 2, 1],
];

interface Shot {
  readonly phase: string;
  readonly delay: number;
  readonly signals: readonly [number, ...number[]];
}

/** Each phase in turn, at a random moment. */
function shots(phases: readonly string[], count: number): Shot[] {
  return Array.from({ length: count }, (_, at) => ({
    phase: phases[at % phases.length] as string,
    delay: Math.random() * 4000,
    signals: volleys[at % volleys.length] as Shot['signals'],
  }));
}

/** Brings it back where a dump was done before the signals came. */
async function revive(place: Place, target: Target, images: string): Promise<void> {
  await untilGone(target.pid);
  place.track(await criujs.restore(images));
  await target.advance(2);
}

async function dumpUnderFire(place: Place, target: Target, before: string, shot: Shot): Promise<string> {
  const images = target.images();
  const who = target.identities();
  const command = [process.execPath, bin, 'dump', '-t', `${target.pid}`, '-D', images];
  const { code, during } = await signalAt(shot.phase, shot.delay, shot.signals, command);
  const what = `${shot.signals} in ${during}`;
  if (code === 0) {
    await revive(place, target, images);
    return 'done';
  }
  expect(
    shot.signals.map((number) => 128 + number),
    what,
  ).toContain(code);
  expect(target.held(), what).toEqual([]);
  expect(target.identities(), what).toEqual(who);
  expect(existsSync(images), what).toBe(false);
  await target.advance(2);
  expect(await target.paused(() => portrait(target.pid)), what).toBe(before);
  return 'aborted';
}

async function restoreUnderFire(place: Place, target: Target, shot: Shot): Promise<string> {
  const images = target.images();
  const pids = target.pids();
  await criujs.dump(target.pid, images);
  for (const pid of pids) await until(`process ${pid} has ended`, () => !runs(pid));
  const command = [process.execPath, bin, 'restore', '-D', images, '--detach'];
  const { code, during } = await signalAt(shot.phase, shot.delay, shot.signals, command);
  const what = `${shot.signals} in ${during}`;
  if (code === 0) {
    place.track(target.pid);
    await target.advance(2);
    return 'done';
  }
  expect(
    shot.signals.map((number) => 128 + number),
    what,
  ).toContain(code);
  expect(processesIn(target.directory), what).toEqual([]);
  await revive(place, target, images);
  return 'aborted';
}

describe.skipIf(missing)(missing ?? 'several signals at once', () => {
  const programs: readonly Program[] = [threads, tree];
  const count = Math.ceil(total / 4);
  for (const program of programs) {
    test(`in a dump of ${program.name}, ${count} times: it runs on unchanged`, {
      timeout: 60_000 + count * 20_000,
    }, async ({ place }) => {
      const target = await place.start(program);
      const before = await target.paused(() => portrait(target.pid));
      const outcomes: string[] = [];
      for (const shot of shots(dumpPhases, count)) outcomes.push(await dumpUnderFire(place, target, before, shot));
      expect(outcomes).toContain('aborted');
      await target.finish();
    });

    test(`in a restore of ${program.name}, ${count} times: all of it is there, or nothing`, {
      timeout: 60_000 + count * 30_000,
    }, async ({ place }) => {
      const target = await place.start(program);
      const before = await target.paused(() => portrait(target.pid));
      const outcomes: string[] = [];
      for (const shot of shots(restorePhases, count)) outcomes.push(await restoreUnderFire(place, target, shot));
      expect(outcomes).toContain('aborted');
      expect(await target.paused(() => portrait(target.pid))).toBe(before);
      await target.finish();
    });
  }
});
