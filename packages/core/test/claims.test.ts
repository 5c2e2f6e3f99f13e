import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dump, type EngineError, restore } from '@criujs/core';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { nobody, run } from './harness/command.ts';
import { bin, criujs, criujsCommand, criujsFails, type Failure } from './harness/engines.ts';
import { killAt } from './harness/killer.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { runs, untilGone } from './harness/processes.ts';
import { counter, nodeCounter, shCounter } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// One image directory and several runs that want it, at once or one after the death of another.

const lost = /^IMAGES_(BUSY|EXIST)$/;
const newPids = !isRoot;

const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'done',
    (error: EngineError) => error.code,
  );

/** Of two dumps exactly one was done, and the other's program lives. Gives the one whose program has ended. */
async function expectOneWinner(targets: readonly Target[], codes: readonly string[]): Promise<Target> {
  expect(codes.toSorted()).toEqual([expect.stringMatching(lost), 'done']);
  const [winner, loser] = codes[0] === 'done' ? targets : targets.toReversed();
  await untilGone((winner as Target).pid);
  await (loser as Target).advance(3);
  expect((loser as Target).held()).toEqual([]);
  return winner as Target;
}

/** Of another process: runs of one take turns. */
const forcedDumpFails = (pid: number, images: string): Promise<Failure> =>
  criujsFails(['dump', '-t', String(pid), '-D', images, '--force']);

/** What lies beside an image directory of a target: its staging folder, or a lock. */
const beside = (images: string): string[] => readdirSync(dirname(images)).filter((it) => it.includes('.criujs-'));

describe('two dumps at once into one directory', () => {
  test('of two commands: one wins, and the other program runs on', async ({ place }) => {
    for (let round = 0; round < 4; round++) {
      const targets = [await place.start(nodeCounter), await place.start(nodeCounter)];
      const images = place.fresh('images');
      const ended = await Promise.all(
        targets.map(({ pid }) => criujsCommand(['dump', '-t', String(pid), '-D', images, '--json'])),
      );
      const codes = ended.map(({ code, stdout }) =>
        code === 0 ? 'done' : (JSON.parse(stdout) as { error: Failure }).error.code,
      );
      expect(ended.map(({ code }) => code).toSorted()).toEqual([0, 5]);
      const winner = await expectOneWinner(targets, codes);
      expect(beside(images)).toEqual([]);
      winner.pid = await criujs.restore(images, { newPids });
      place.track(winner.pid);
      await winner.advance(3);
    }
  });

  test('of two runs in one process, by two names of the directory', async ({ place }) => {
    for (let round = 0; round < 4; round++) {
      const targets = [await place.start(shCounter), await place.start(shCounter)];
      const images = place.fresh('images');
      const names = [images, join(dirname(images), 'nowhere', '..', images.slice(dirname(images).length + 1))];
      const codes = await Promise.all(
        targets.map(({ pid }, at) => codeOf(dump({ pid, images: names[at] as string, force: round % 2 === 1 }))),
      );
      // With force the second may come after the first is through.
      if (codes.every((it) => it === 'done')) continue;
      await expectOneWinner(targets, codes);
      expect(beside(images)).toEqual([]);
    }
  });
});

describe('a claim', () => {
  test('keeps a restore and a dump away from a forced dump, and ends with it', async ({ place }) => {
    const [target, other] = [await place.start(shCounter), await place.start(shCounter)];
    const images = place.fresh('images');
    await dump({ pid: target.pid, images, leaveRunning: true });
    const seen: string[] = [];
    const plugin = definePlugin({
      name: 'meanwhile',
      hooks: [
        hook('CHECKPOINT_DEVICES', async () => {
          // Once for each process.
          if (seen.length > 0) return;
          const busy = await criujsFails(['restore', '-D', images, '--new-pids', '--detach']);
          expect(busy).toMatchObject({
            exitCode: 5,
            message: `${images} is in use by another run (process ${process.pid})`,
          });
          seen.push(busy.code, (await forcedDumpFails(other.pid, images)).code);
          seen.push(...readdirSync(images).filter((it) => it === 'inventory.img'));
        }),
      ],
    });
    await dump({ pid: target.pid, images, force: true, leaveRunning: true, plugins: [plugin], hookDeadline: 30_000 });
    expect(seen).toEqual(['IMAGES_BUSY', 'IMAGES_BUSY', 'inventory.img']);
    await dump({ pid: other.pid, images, force: true, leaveRunning: true });
    await other.advance(3);
    expect(beside(images)).toEqual([]);
  });

  test('of a restore keeps dumps out, ends when it is done, and is not inherited', async ({ place }) => {
    const [target, other] = [await place.start(nodeCounter), await place.start(shCounter)];
    const images = place.fresh('images');
    await dump({ pid: target.pid, images });
    await untilGone(target.pid);
    const seen: string[] = [];
    const plugin = definePlugin({
      name: 'meanwhile',
      hooks: [],
      async init(stage) {
        if (stage === 'restore') seen.push((await forcedDumpFails(other.pid, images)).code);
      },
    });
    const { pid } = await restore({ images, newPids, plugins: [plugin] });
    target.pid = pid;
    place.track(pid);
    expect(seen).toEqual(['IMAGES_BUSY']);
    // The restored program runs, as our child.
    await dump({ pid: other.pid, images, force: true, leaveRunning: true });
    await target.advance(3);
    process.kill(pid, 'SIGKILL');
  });
});

describe.skipIf(counter.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid'))(
  'a forced dump that is killed',
  () => {
    const moments: readonly (readonly [phase: string, delay: number])[] = [
      ['start', 60_000],
      ['survey', 0],
      ['collect', 0],
      ['pages', 0],
      ['write', 1000],
      ['commit', 0],
      ['commit', 150],
      ['commit', 400],
      ['commit', 1500],
      ['kill', 0],
      ['kill', 2000],
    ];
    test.for(moments)(
      'in %s after %d µs: old images or new ones are whole',
      { timeout: 120_000 },
      async (at, { place }) => {
        const [phase, delay] = at;
        const [old, target] = [await place.start(counter), await place.start(counter)];
        const images = place.fresh('images');
        mkdirSync(images);
        writeFileSync(join(images, 'notes.txt'), 'mine');
        await criujs.dump(old.pid, images);
        const command = ['dump', '-t', String(target.pid), '-D', images, '--force'];
        const ended = await killAt(phase, delay, [process.execPath, bin, ...command]);
        const holds = (pid: number): boolean => existsSync(join(images, `core-${pid}.img`));
        const left = await until('it is clear which images there are', async () => {
          if (!runs(target.pid)) return holds(target.pid) ? 'new' : null;
          if (target.held().length > 0) return null;
          return target.advance(3).then(
            () => 'old',
            () => null,
          );
        });
        expect(existsSync(join(images, 'inventory.img')), `killed in ${ended.last}`).toBe(true);
        expect(holds(old.pid), `killed in ${ended.last}`).toBe(left === 'old');
        expect(holds(target.pid)).toBe(left === 'new');
        const back = left === 'old' ? old : target;
        place.track(await criujs.restore(images));
        await back.advance(3);
        if (left === 'old') await target.advance(3);
        expect(readFileSync(join(images, 'notes.txt'), 'utf8')).toBe('mine');
        expect(beside(images)).toEqual([]);
        await criujs.dump(back.pid, images, { more: ['--force'] });
        expect(readdirSync(images).filter((it) => it.startsWith('core-'))).toEqual([`core-${back.pid}.img`]);
        expect(existsSync(join(images, 'notes.txt'))).toBe(true);
      },
    );
  },
);

describe('a directory that cannot be swapped', () => {
  test.skipIf(!isRoot)('a mount point is refused before anything is frozen', async ({ place }) => {
    const target = await place.start(shCounter);
    const [from, images] = [place.fresh('from'), place.fresh('images')];
    for (const folder of [from, images]) mkdirSync(folder);
    // Of the same file system: by its device nobody could tell it.
    const script = `mount --bind "$0" "$1" && shift && exec "$@"`;
    for (const [path, says] of [
      [images, `${images} is a mount point`],
      [dirname(images), `${images} is a mount point: it could not move`],
    ] as const) {
      const command = [process.execPath, bin, 'dump', '-t', String(target.pid), '-D', path, '--json'];
      const ended = await run(['unshare', '-m', 'sh', '-c', script, from, images, ...command]);
      const { error } = JSON.parse(ended.stdout) as { error: Failure };
      expect(ended.code).toBe(5);
      expect(error).toMatchObject({ code: 'IMAGES_UNWRITABLE', message: expect.stringContaining(says) });
    }
    expect(readdirSync(images)).toEqual([]);
    expect(readdirSync(from)).toEqual([]);
    await target.advance(3);
  });

  test('a program that runs on does not lose its current directory; one that ends is dumped', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const images = target.directory;
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images, '--leave-running']);
    expect(failure).toMatchObject({
      code: 'IMAGES_UNWRITABLE',
      pid: target.pid,
      message: `${images} is the current directory of process ${target.pid}, but a dump replaces it`,
    });
    expect(existsSync(join(images, 'inventory.img'))).toBe(false);
    await target.advance(3);
    // Its own files are in the directory, and open.
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    target.pid = await criujs.restore(images, { newPids });
    place.track(target.pid);
    await target.advance(3);
  });

  test.skipIf(!isRoot)(
    'whoever may not write to the parent is told so; for a restore that is no obstacle',
    async ({ place }) => {
      const target = await place.start(nodeCounter, { asNobody: true });
      const images = join(place.directory, 'images');
      const how = { asNobody: true };
      await criujs.dump(target.pid, images);
      await run(['chown', '-R', `${nobody}:${nobody}`, images]);
      await untilGone(target.pid);
      target.pid = await criujs.restore(images, { newPids: true }, how);
      place.track(target.pid);
      await target.advance(3);
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images, '--force'], how);
      expect(failure).toMatchObject({
        code: 'IMAGES_UNWRITABLE',
        message: `cannot write ${place.directory}: permission is denied`,
        remedy: expect.stringContaining(`use a folder inside ${images}`),
      });
      await criujs.dump(target.pid, join(images, 'inside'), {}, how);
      expect(readdirSync(place.directory).filter((it) => it.includes('.criujs-'))).toEqual([]);
    },
  );
});
