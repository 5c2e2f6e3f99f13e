import { openSync } from 'node:fs';
import { type BatchArgs, batchHook, definePlugin, later, type Plugin } from '@criujs/plugin-sdk';
import { childrenOf, runs, state } from '../../../../packages/core/test/harness/processes.ts';
import { cProgram } from '../../../../packages/core/test/harness/programs.ts';
import type { Target } from '../../../../packages/core/test/harness/target.ts';
import { until } from '../../../../packages/core/test/harness/wait.ts';
import { device, type How, type Run, type Scene, untilEnded } from '../scene.ts';

// Batches, and work that goes on.

export const batchable = ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'RESUME_DEVICES_LATE'] as const;
export type Batchable = (typeof batchable)[number];

/** A call of a batch, and what its processes did. */
export interface BatchCall extends BatchArgs {
  readonly hook: Batchable;
  readonly isStopped: readonly boolean[];
  /** How many calls of single forms there had been. */
  readonly singles: number;
}

type BatchDeed = (args: BatchArgs) => void | Promise<void>;

export interface Batches {
  readonly before: readonly number[];
  readonly calls: readonly BatchCall[];
  /** Calls of single forms in a plugin before it and in one behind it. */
  readonly singles: readonly string[];
  readonly run: Run;
}

/** Dumps a program with a plugin in the batch form between two in the single one. */
async function dumpInBatches(
  scene: Scene,
  how: Omit<How, 'plugins'> & { readonly deedFor?: (target: Target) => BatchDeed } = {},
): Promise<Batches & { readonly target: Target; readonly plugins: readonly Plugin[] }> {
  const { deedFor, ...others } = how;
  const target = await scene.place.start(cProgram('brood', { REAP: '1' }));
  const before = target.pids();
  const calls: BatchCall[] = [];
  const singles: string[] = [];
  const deed = deedFor?.(target);
  const single = (name: string): Plugin =>
    definePlugin({
      name,
      hooks: batchable.map((hook) => ({
        hook,
        handler: ({ pid }: { readonly pid: number }) => void singles.push(`${name} ${hook} ${pid}`),
      })),
    });
  const inBatches = definePlugin({
    name: 'batch',
    hooks: batchable.map((hook) =>
      batchHook(hook, async (args) => {
        const isStopped = args.pids.map((pid) => state(pid) === 't' || state(pid) === 'T');
        calls.push({ ...args, hook, isStopped, singles: singles.length });
        if (hook === 'PAUSE_DEVICES') await deed?.(args);
      }),
    ),
  });
  const plugins = [single('first'), inBatches, single('last')];
  const run = await scene.dump(target, { leaveRunning: true, ...others, plugins: () => plugins });
  return { before, calls, singles, run, target, plugins };
}

/** A dump and a restore that go well. */
export function batches(scene: Scene): Promise<Batches> {
  return scene.once('batches', async () => {
    const dumped = await dumpInBatches(scene, { leaveRunning: false });
    const run = await scene.restore(dumped.target, dumped.run.images, { plugins: () => dumped.plugins });
    return { ...dumped, run };
  });
}

/** The first child makes another one while all are paused. */
export function bornAfterBatch(scene: Scene): Promise<Batches & { readonly born: number }> {
  return scene.once('born after the batch', async () => {
    let born = 0;
    const dumped = await dumpInBatches(scene, {
      deedFor: (target) => async () => {
        const [child = 0] = childrenOf(target.pid);
        if (born !== 0) return;
        process.kill(child, 'SIGUSR1');
        [born = 0] = await until('a child is born', () => childrenOf(child).length > 0 && childrenOf(child));
      },
    });
    return { ...dumped, born };
  });
}

/** A batch that takes too long. */
export function lateBatch(scene: Scene): Promise<Batches> {
  return scene.once('late batch', () =>
    dumpInBatches(scene, { hookDeadline: 1000, deedFor: () => () => new Promise(() => undefined) }),
  );
}

/** A batch that throws about a process that it has seen end. */
export function throwingBatch(scene: Scene): Promise<Batches> {
  return scene.once('throwing batch', () =>
    dumpInBatches(scene, {
      deedFor: (target) => async () => {
        const [child = 0] = childrenOf(target.pid);
        process.kill(child, 'SIGKILL');
        await untilEnded([child]);
        throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
      },
    }),
  );
}

/** How work for later goes, and what there was of it. */
export interface LaterWork {
  readonly run: Run;
  /** What happened, in order: `answered`, `ended`, and the hooks that were called meanwhile. */
  readonly events: readonly string[];
  /** How far the program had come when it ended, behind where it was dumped. */
  readonly ticks: number | undefined;
}

export interface LaterRuns {
  readonly rejects: LaterWork;
  readonly hangs: LaterWork;
  readonly givenUp: LaterWork;
  readonly well: LaterWork;
}

type Work = (signal: AbortSignal, target: Target) => Promise<void>;

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** One dump, restored in four ways. */
export function laterRuns(scene: Scene): Promise<LaterRuns> {
  return scene.once('work for later', async () => {
    const target = await scene.start();
    const dumped = await scene.dump(target, { plugins: (observer) => [observer.plugin('taker', { takes: true })] });
    const before = target.ticks();

    const restored = async (work: Work, how: Omit<How, 'plugins' | 'deeds'> & { readonly fails?: boolean } = {}) => {
      const { fails = false, ...others } = how;
      const events: string[] = [];
      let ticks: number | undefined;
      const run = await scene.restore(target, dumped.images, {
        ...others,
        plugins: (observer) => [
          observer.plugin('taker', {
            takes: true,
            deeds: {
              RESTORE_EXT_FILE(call, { signal }) {
                const file = call.args['file'] as { readonly flags: number };
                const goesOn = work(signal, target).finally(() => {
                  ticks = target.ticks() - before;
                  events.push('ended');
                });
                events.push('answered');
                return later(goesOn, openSync(device, file.flags & 3));
              },
              RESUME_DEVICES_LATE: () => void events.push('RESUME_DEVICES_LATE'),
              UPDATE_VMA_MAP() {
                events.push('UPDATE_VMA_MAP');
                if (fails) throw new Error('no memory');
                return undefined;
              },
              exit: () => void events.push('exit'),
            },
          }),
        ],
      });
      return { run, events, ticks };
    };

    const rejects = await restored(async () => {
      throw new Error('the device is cold');
    });
    const hangs = await restored(untilAborted, { hookDeadline: 2000 });
    const givenUp = await restored(untilAborted, { fails: true });
    // Who is to run is there, and stands still.
    const well = await restored((_, { pid }) => until('the root is made', () => runs(pid)).then(() => undefined));
    return { rejects, hangs, givenUp, well };
  });
}
