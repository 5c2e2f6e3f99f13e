import { dump, EngineError, restore } from '@criujs/core';
import { batchHook, definePlugin, type HookRegistration, hook, later, type Plugin } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { processesIn, runs, state, treeOf, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// Hooks that are called for each process, in both of their forms, and work that a restore leaves for later.

const born = cProgram('born');
const missing = born.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');

const accelerator = (...hooks: HookRegistration[]): Plugin => definePlugin({ name: 'accelerator', hooks });

/** A process that is stopped is traced by the engine. */
const doing = (pid: number): string => (state(pid) === 't' ? 'is stopped' : 'runs');

async function failureOf(run: Promise<unknown>): Promise<EngineError> {
  const error = await run.catch((thrown: unknown) => thrown);
  if (error instanceof EngineError) return error;
  throw new Error(`an EngineError was expected, got ${error}`);
}

async function dumped(target: Target, plugins: readonly Plugin[] = []): Promise<string> {
  const images = target.images();
  await dump({ pid: target.pid, images, plugins });
  await untilGone(target.pid);
  return images;
}

async function wellRestored(place: Place, target: Target, images: string, plugins: readonly Plugin[]): Promise<void> {
  const { pid } = await restore({ images, detach: true, plugins });
  place.track(pid);
  await target.advance();
  await target.finish();
}

describe.skipIf(missing)(missing ?? 'hooks that are called for each process', () => {
  test('a batch is told once of all processes, parents first; the single form of each', async ({ place }) => {
    const target = await place.start(born);
    const pids = target.pids();
    expect(pids).toHaveLength(3);
    const told: string[] = [];
    const note = (what: string, all: readonly number[]): void =>
      void told.push(`${what} ${all.map((pid) => `${pid} ${doing(pid)}`).join(', ')}`);
    const names = ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'RESUME_DEVICES_LATE'] as const;
    const batch = definePlugin({
      name: 'batch',
      hooks: names.map((name) => batchHook(name, ({ pids: all, isAll }) => note(`${name} ${isAll}`, all))),
    });
    const single = definePlugin({
      name: 'single',
      hooks: names.map((name) => hook(name, ({ pid }) => note(name, [pid]))),
    });
    const images = await dumped(target, [batch, single]);
    const all = (does: string): string => pids.map((pid) => `${pid} ${does}`).join(', ');
    const each = (name: string, does: string): string[] => pids.map((pid) => `${name} ${pid} ${does}`);
    expect(told.splice(0)).toEqual([
      `PAUSE_DEVICES true ${all('runs')}`,
      ...each('PAUSE_DEVICES', 'runs'),
      `CHECKPOINT_DEVICES true ${all('is stopped')}`,
      ...each('CHECKPOINT_DEVICES', 'is stopped'),
    ]);
    await wellRestored(place, target, images, [batch, single]);
    expect(told).toEqual([
      `RESUME_DEVICES_LATE true ${all('is stopped')}`,
      ...each('RESUME_DEVICES_LATE', 'is stopped'),
    ]);
  });

  for (const [form, pauseHook] of [
    [
      'batch',
      (told: (pids: readonly number[]) => Promise<void>) => batchHook('PAUSE_DEVICES', ({ pids }) => told(pids)),
    ],
    ['single', (told: (pids: readonly number[]) => Promise<void>) => hook('PAUSE_DEVICES', ({ pid }) => told([pid]))],
  ] as const) {
    test(`a process that is born after all were told to pause is told of before it is stopped (${form})`, async ({
      place,
    }) => {
      const target = await place.start(born);
      const before = target.pids();
      const paused: number[] = [];
      const states: string[] = [];
      const checkpointed: number[] = [];
      const plugin = accelerator(
        pauseHook(async (pids) => {
          paused.push(...pids);
          states.push(...pids.map(doing));
          if (paused.length !== before.length) return;
          process.kill(target.pid, 'SIGUSR1');
          await until('one more is born', () => target.pids().length === before.length + 1);
        }),
        hook('CHECKPOINT_DEVICES', ({ pid }) => void checkpointed.push(pid)),
      );
      const images = await dumped(target, [plugin]);
      expect(paused.slice(0, 3)).toEqual(before);
      expect(paused).toHaveLength(4);
      expect(new Set(states)).toEqual(new Set(['runs']));
      expect(checkpointed.toSorted()).toEqual(paused.toSorted());
      await wellRestored(place, target, images, [plugin]);
    });
  }

  test('what a plugin fails with for a process that ends meanwhile fails nothing; one that has ended is not told of', async ({
    place,
  }) => {
    const target = await place.start(born);
    const [root = 0, first = 0, second = 0] = target.pids();
    const told: string[] = [];
    const logs: string[] = [];
    const end = async (pid: number): Promise<void> => {
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
    };
    const plugin = accelerator(
      hook('PAUSE_DEVICES', async ({ pid }) => {
        told.push(`pause ${pid}`);
        if (pid !== first) return;
        await end(second);
        await end(first);
        throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
      }),
      hook('CHECKPOINT_DEVICES', ({ pid }) => void told.push(`checkpoint ${pid}`)),
    );
    const images = target.images();
    await dump({ pid: target.pid, images, plugins: [plugin], onLog: ({ message }) => void logs.push(message) });
    await untilGone(target.pid);
    expect(told).toEqual([`pause ${root}`, `pause ${first}`, `checkpoint ${root}`]);
    expect(logs.filter((it) => it.startsWith('passed over, since the process has ended'))).toHaveLength(1);
    await wellRestored(place, target, images, [plugin]);
  });

  test('what it fails with for a process that lives fails the dump, and all run on', async ({ place }) => {
    const target = await place.start(born);
    const pids = target.pids();
    const plugin = accelerator(
      hook('PAUSE_DEVICES', ({ pid }) => {
        if (pid === pids[1]) throw new Error('busy');
      }),
    );
    const failure = await failureOf(dump({ pid: target.pid, images: target.images(), plugins: [plugin] }));
    expect(failure).toMatchObject({ code: 'HOOK_FAILED', plugin: 'accelerator', resource: `process ${pids[1]}` });
    expect(target.pids()).toEqual(pids);
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });
});

describe.skipIf(missing)(missing ?? 'work that a restore leaves for later', () => {
  test('goes on while the rest is restored, and has ended before any process resumes', async ({ place }) => {
    const target = await place.start(born);
    const images = await dumped(target);
    const notes: string[] = [];
    let forked = false;
    const plugin = accelerator(
      hook('RESTORE_INIT', () =>
        later(
          until('all are forked', () => forked).then(() => {
            notes.push(`loaded while ${treeOf(target.pid).length} are built`);
          }),
        ),
      ),
      hook('POST_FORKING', () => {
        forked = true;
        notes.push('forked');
      }),
      batchHook('RESUME_DEVICES_LATE', ({ pids }) => void notes.push(`resume ${pids.length}`)),
    );
    await wellRestored(place, target, images, [plugin]);
    expect(notes).toEqual(['forked', 'loaded while 3 are built', 'resume 3']);
  });

  test('fails the restore if it fails, and nobody is left; exit comes after its end', async ({ place }) => {
    const target = await place.start(born);
    const images = await dumped(target);
    const notes: string[] = [];
    const plugin = definePlugin({
      name: 'accelerator',
      hooks: [
        hook('RESTORE_INIT', (_, { signal }) => {
          const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          return later(ended.then(() => void notes.push('ended')));
        }),
        hook('POST_FORKING', () => later(Promise.reject(new Error('out of memory')))),
        hook('RESUME_DEVICES_LATE', () => void notes.push('resume')),
      ],
      exit: (_, { ok }) => void notes.push(`exit ${ok}`),
    });
    const failure = await failureOf(restore({ images, detach: true, plugins: [plugin] }));
    expect(failure).toMatchObject({ code: 'HOOK_FAILED', plugin: 'accelerator', hook: 'POST_FORKING' });
    expect(failure.message).toContain('what it left for later failed: out of memory');
    expect(notes).toEqual(['ended', 'exit false']);
    expect(processesIn(target.directory)).toEqual([]);
    await wellRestored(place, target, images, []);
  });

  test('that hangs ends with its deadline, and nobody is left', async ({ place }) => {
    const target = await place.start(born);
    const images = await dumped(target);
    const plugin = accelerator(hook('POST_FORKING', () => later(new Promise(() => {}))));
    const hangs = restore({ images, detach: true, plugins: [plugin], hookDeadline: 1000 });
    expect(await failureOf(hangs)).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'accelerator', hook: 'POST_FORKING' });
    expect(processesIn(target.directory)).toEqual([]);
    expect(runs(target.pid)).toBe(false);
    await wellRestored(place, target, images, []);
  });
});
