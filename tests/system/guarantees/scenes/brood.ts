import { childrenOf, identity, runs, state } from '../../../../packages/core/test/harness/processes.ts';
import { cProgram } from '../../../../packages/core/test/harness/programs.ts';
import type { Target } from '../../../../packages/core/test/harness/target.ts';
import { until } from '../../../../packages/core/test/harness/wait.ts';
import type { Deeds } from '../observe.ts';
import type { Run, Scene } from '../scene.ts';

// Programs whose processes come and go while they are dumped: programs/brood.c and churn.c.

interface Brood {
  readonly program: 'brood' | 'churn';
  /** Whether who is killed is gone, and no zombie. */
  readonly reaps?: boolean;
  readonly deedsFor?: (target: Target) => Deeds;
}

/** Dumps such a program with one plugin, and lets it run on. */
async function brood(scene: Scene, how: Brood): Promise<{ readonly run: Run; readonly target: Target }> {
  const { program, reaps = false, deedsFor } = how;
  const target = await scene.place.start(cProgram(program, reaps ? { REAP: '1' } : undefined));
  const deeds = deedsFor?.(target) ?? {};
  const run = await scene.dump(target, {
    leaveRunning: true,
    plugins: (observer) => [observer.plugin('taker', { takes: true, deeds })],
  });
  await target.advance(1);
  return { run, target };
}

/** Processes come and go all the time. */
export function churning(scene: Scene): Promise<{ readonly run: Run }> {
  return scene.once('churning', () => brood(scene, { program: 'churn' }));
}

/** The first child makes another one while it is to be paused. */
export function bornMeanwhile(
  scene: Scene,
): Promise<{ readonly run: Run; readonly born: number; readonly parents: readonly number[] }> {
  return scene.once('born meanwhile', async () => {
    let born = 0;
    let parents: readonly number[] = [];
    const { run } = await brood(scene, {
      program: 'brood',
      deedsFor: (target) => ({
        async PAUSE_DEVICES({ pid = 0 }) {
          if (born !== 0 || pid === target.pid) return;
          process.kill(pid, 'SIGUSR1');
          [born = 0] = await until('a child is born', () => childrenOf(pid).length > 0 && childrenOf(pid));
          parents = [target.pid, pid];
        },
      }),
    });
    return { run, born, parents };
  });
}

/** Kills a process, and sees its end. */
async function end(pid: number): Promise<number> {
  const who = identity(pid);
  process.kill(pid, 'SIGKILL');
  await until(`${pid} ends`, () => identity(pid) !== who || !runs(pid));
  return pid;
}

interface Gone {
  readonly run: Run;
  readonly gone: number;
}

/** A child is killed in the course of PAUSE_DEVICES: in its own call, which throws then or does not; or in that of its parent. */
export function goneDuring(scene: Scene, whose: 'itself' | 'itself-throwing' | 'another'): Promise<Gone> {
  return scene.once(`gone during ${whose}`, async () => {
    let gone = 0;
    const { run } = await brood(scene, {
      program: 'brood',
      reaps: true,
      deedsFor: (target) => ({
        async PAUSE_DEVICES({ pid = 0 }) {
          const isRoot = pid === target.pid;
          if (gone !== 0 || isRoot !== (whose === 'another')) return;
          gone = await end(isRoot ? (childrenOf(pid)[0] ?? 0) : pid);
          if (whose === 'itself-throwing') throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
        },
      }),
    });
    return { run, gone };
  });
}

/** A child is killed once all stand still. */
export function killedWhileStopped(scene: Scene): Promise<Gone> {
  return scene.once('killed while stopped', async () => {
    let gone = 0;
    const { run } = await brood(scene, {
      program: 'brood',
      reaps: true,
      deedsFor: (target) => ({
        async CHECKPOINT_DEVICES({ pid = 0 }) {
          if (gone === 0 && pid !== target.pid) gone = await end(pid);
        },
      }),
    });
    return { run, gone };
  });
}

/** A program with a zombie. */
export function zombies(scene: Scene): Promise<Gone> {
  return scene.once('zombies', async () => {
    const target = await scene.place.start(cProgram('brood'));
    const [gone = 0] = childrenOf(target.pid);
    process.kill(gone, 'SIGKILL');
    await until(`${gone} is a zombie`, () => state(gone) === 'Z');
    const run = await scene.dump(target, {
      leaveRunning: true,
      plugins: (observer) => [observer.plugin('taker', { takes: true })],
    });
    await target.advance(1);
    return { run, gone };
  });
}
