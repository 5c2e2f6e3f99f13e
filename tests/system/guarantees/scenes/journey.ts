import { once } from 'node:events';
import { existsSync, fstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeviceStat, type DumpedFile, retryLater } from '@criujs/plugin-sdk';
import { listen } from '../../../../packages/core/test/harness/calls.ts';
import { criujsCommand } from '../../../../packages/core/test/harness/engines.ts';
import { criu as bin } from '../../../../packages/core/test/harness/machine.ts';
import { endNow } from '../../../../packages/core/test/harness/processes.ts';
import { cProgram } from '../../../../packages/core/test/harness/programs.ts';
import type { Target } from '../../../../packages/core/test/harness/target.ts';
import { until } from '../../../../packages/core/test/harness/wait.ts';
import { worker } from '../../../../packages/criu-bridge/test/harness/runs.ts';
import type { Call, Deed, Deeds, Step } from '../observe.ts';
import { fails, type How, type Run, type Scene, seeItRun, untilEnded } from '../scene.ts';

/** A program that is looked at, dumped twice and restored. */
export interface Journey {
  readonly target: Target;
  readonly planned: Run;
  /** The dump after which it runs on. */
  readonly left: Run;
  /** The descriptors that its hooks were lent. */
  readonly lent: readonly Lent[];
  readonly dumped: Run;
  readonly restored: Run;
}

/** A descriptor that a hook was lent. */
export interface Lent {
  readonly step: Step;
  /** As stat(2) gives the device that the hook was told of, and the one that the descriptor leads to: makedev(3). */
  readonly told: number;
  readonly found: number;
  /** Its flags; those of the file that the hook was told of. */
  readonly flags: number;
  readonly toldFlags: number | null;
}

function lookAt({ step, args }: Call): Lent {
  const { fd = -1, file, stat } = args as { fd?: number; file?: DumpedFile; stat?: DeviceStat };
  const rdev = (file ?? stat)?.rdev ?? { major: 0, minor: 0 };
  const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
  return {
    step,
    ...{ told: rdev.major * 256 + rdev.minor, found: fstatSync(fd).rdev },
    ...{ flags: Number.parseInt(flags, 8), toldFlags: file?.flags ?? null },
  };
}

/** Throws if a claim can write a part. */
const writesInVain: Deed = async (_, { image }) => {
  const written = await image.writeJson('claimed', {}).then(
    () => true,
    () => false,
  );
  if (written) throw new Error('a claim has written a part');
};

const writesLate: Deed = (_, { image }) => image.writeJson('late', {});

const part = { word: 'kept' } as const;

/** A plugin's own part: written before anything else is, and read in the last hook of a restore. */
const keeps: Deeds = {
  async init({ stage }, { image }) {
    if (stage === 'restore') await Promise.all((await image.names()).map((name) => image.readJson(name)));
  },
  PAUSE_DEVICES: ({ pid }, { image }) => image.writeJson(`pause-${pid}`, part),
  CHECKPOINT_DEVICES: ({ pid }, { image }) => image.readJson(`pause-${pid}`).then(() => undefined),
  RESUME_DEVICES_LATE: ({ pid }, { image }) => image.readJson(`pause-${pid}`).then(() => undefined),
};

export function journey(scene: Scene): Promise<Journey> {
  return scene.once('journey', async () => {
    const target = await scene.start();
    const planned = await scene.plan(target, { deeds: { claim: writesInVain } });
    const lent: Lent[] = [];
    const looks: Deed = (call) => void lent.push(lookAt(call));
    const left = await scene.dump(target, {
      leaveRunning: true,
      deeds: {
        init: (_, { image }) => image.writeJson('begun', {}),
        DUMP_EXT_FILE: looks,
        HANDLE_DEVICE_VMA: looks,
        DUMP_DEVICES_LATE: writesLate,
        exit: seeItRun(target),
      },
    });
    const dumped = await scene.dump(target, { deeds: keeps });
    await untilEnded(dumped.before);
    const restored = await scene.restore(target, dumped.images, { deeds: keeps });
    if (restored.error === null) await target.advance();
    return { target, planned, left, lent, dumped, restored };
  });
}

/** A dump of a program, which outlives it, in which one step fails. */
export function failedDump(scene: Scene, step: Step, how: How = {}): Promise<Run> {
  return scene.once(`failed dump at ${step}`, async () => {
    const target = await scene.shared();
    const run = await scene.dump(target, { ...how, deeds: { [step]: fails, exit: seeItRun(target), ...how.deeds } });
    await target.advance(2);
    if (target.held().length > 0) throw new Error(`it stands still: ${target.held()}`);
    return run;
  });
}

/** What a restore is tried from, again and again. */
function saved(scene: Scene): Promise<{ readonly target: Target; readonly images: string; readonly ticks: number }> {
  return scene.once('saved', async () => {
    const target = await scene.start();
    const { images, error } = await scene.dump(target);
    if (error !== null) throw error;
    return { target, images, ticks: target.ticks() };
  });
}

/** A restore in which one step fails; `ran`: whether the program came further. */
export function failedRestore(scene: Scene, step: Step, how: How = {}): Promise<Run & { readonly ran: boolean }> {
  return scene.once(`failed restore at ${step}`, async () => {
    const { target, images, ticks } = await saved(scene);
    const run = await scene.restore(target, images, { ...how, deeds: { [step]: fails, ...how.deeds } });
    return { ...run, ran: target.ticks() !== ticks };
  });
}

/** Restores another program, with other deeds. */
async function restoredWith(scene: Scene, how: How): Promise<Run> {
  const target = await scene.start();
  const { images } = await scene.dump(target);
  const run = await scene.restore(target, images, how);
  if (run.error === null) await target.advance(1);
  return { ...run, before: run.before.length > 0 ? run.before : target.pids() };
}

/** The first file that is asked for waits for all others. */
export function waitsForOthers(scene: Scene): Promise<Run> {
  return scene.once('waits for others', () => {
    let waited = false;
    return restoredWith(scene, {
      deeds: {
        RESTORE_EXT_FILE() {
          const answer = waited ? undefined : retryLater;
          waited = true;
          return answer;
        },
      },
    });
  });
}

/** With a plugin that counts on no call before its files are opened. */
export function onlyFiles(scene: Scene): Promise<Run> {
  return scene.once('only files', () =>
    restoredWith(scene, {
      plugins: (observer) => [
        observer.plugin('taker', { takes: true, only: ['RESTORE_EXT_FILE', 'RESTORE_UNIX_SK', 'UPDATE_VMA_MAP'] }),
      ],
    }),
  );
}

/** A call about a map waits for one about the map of another process. */
export function sideBySide(scene: Scene): Promise<Run> {
  return scene.once('side by side', () => {
    let there = 0;
    return restoredWith(scene, {
      deeds: {
        async UPDATE_VMA_MAP() {
          there += 1;
          await until('another call is at work', () => there > 1, 8000);
        },
      },
    });
  });
}

/** A copy of a program that runs. */
export function newPids(scene: Scene): Promise<Run> {
  return scene.once('new pids', async () => {
    const target = await scene.start();
    const { images, before } = await scene.dump(target);
    const run = await scene.restore(target, images, { newPids: true });
    await target.advance(1);
    return { ...run, before };
  });
}

/** A dump that fails otherwise than by what a hook throws; the program outlives it. */
function troubled(scene: Scene, what: string, how: How): Promise<Run> {
  return scene.once(what, async () => {
    const target = await scene.shared();
    const run = await scene.dump(target, how);
    await target.advance(1);
    return run;
  });
}

/** Milliseconds: on a busy machine no other call may miss it. */
const hookDeadline = 2000;

/** A hook never answers. */
export const hung = (scene: Scene): Promise<Run> =>
  troubled(scene, 'hung', { hookDeadline, deeds: { CHECKPOINT_DEVICES: () => new Promise(() => undefined) } });

/** The run is aborted while a hook is at work. */
export function aborted(scene: Scene): Promise<Run> {
  const controller = new AbortController();
  const aborts: Deed = ({ signal }) => {
    controller.abort();
    return signal.aborted ? undefined : once(signal, 'abort').then(() => undefined);
  };
  return troubled(scene, 'aborted', { signal: controller.signal, deeds: { CHECKPOINT_DEVICES: aborts } });
}

/** No plugin takes anything. */
export const unclaimed = (scene: Scene): Promise<Run> =>
  troubled(scene, 'unclaimed', { plugins: (observer) => [observer.plugin('first', { takes: false })] });

/** Everything goes well until `exit`. */
export const failsAtExit = (scene: Scene): Promise<Run> =>
  troubled(scene, 'fails at exit', { leaveRunning: true, deeds: { exit: fails } });

/** CRIU itself is killed while a hook is at work. */
export const withoutCriu = (scene: Scene): Promise<Run> =>
  troubled(scene, 'without CRIU', { deeds: { CHECKPOINT_DEVICES: () => void endNow(worker() ?? 0) } });

/** A handler fails while another one is at work for another process, which goes on for as long as it can be seen. */
export function failsSideBySide(scene: Scene): Promise<Run> {
  return scene.once('fails side by side', async () => {
    const { target, images } = await saved(scene);
    const at: Call[] = [];
    return scene.restore(target, images, {
      deeds: {
        async UPDATE_VMA_MAP(call) {
          const [first] = at;
          at.push(call);
          if (first === undefined) {
            await until('another call is at work', () => at.length > 1, 8000);
            throw new Error('the device is on fire');
          }
          await until('the first one has failed', () => first.ended, 8000);
          // As long as the answer takes to CRIU and back.
          await new Promise((resolve) => setTimeout(resolve, 100));
        },
      },
    });
  });
}

/** What the plugin of a command noted that was killed in one of its hooks. */
async function commandKilled(scene: Scene, args: readonly string[]): Promise<readonly string[]> {
  const { env, calls } = listen<{ readonly call: string }>(scene.place);
  const plugin = fileURLToPath(new URL('../plugins/kills.ts', import.meta.url));
  const engine = scene.name === 'criu' ? ['--engine', 'criu', '--criu-bin', bin ?? ''] : [];
  // Whoever is killed leaves there what it had for CRIU.
  const temporary = scene.place.fresh('tmp');
  mkdirSync(temporary);
  const ended = await criujsCommand([...args, '-p', plugin, ...engine], { env: { ...env, TMPDIR: temporary } });
  if (ended.signal !== 'SIGKILL') throw new Error(`it was not killed: ${ended.stderr}`);
  return calls().map(({ call }) => call);
}

/** The command that dumps is killed in a hook. */
export function killed(scene: Scene): Promise<{ readonly calls: readonly string[]; readonly hasImages: boolean }> {
  return scene.once('killed', async () => {
    const target = await scene.place.start(cProgram('brood'));
    const images = target.images();
    const calls = await commandKilled(scene, ['dump', '-t', String(target.pid), '-D', images]);
    await until('nobody stands still', () => target.held().length === 0);
    await target.advance(1);
    return { calls, hasImages: existsSync(join(images, 'inventory.img')) };
  });
}

/** The command that restores is killed in its last hook. */
export function killedRestore(scene: Scene): Promise<{ readonly calls: readonly string[]; readonly ran: boolean }> {
  return scene.once('killed restore', async () => {
    const target = await scene.place.start(cProgram('brood'));
    const { images, before, error } = await scene.dump(target, { plugins: () => [] });
    if (error !== null) throw error;
    const ticks = target.ticks();
    const calls = await commandKilled(scene, ['restore', '-D', images, '--detach']);
    if (scene.name === 'criujs') await untilEnded(before);
    else await target.advance(1);
    scene.place.track(target.pid);
    return { calls, ran: target.ticks() !== ticks };
  });
}
