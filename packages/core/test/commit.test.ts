import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { bin, criujs } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { runs } from './harness/processes.ts';
import { counter, cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

/** How long the images take to come to their place, in milliseconds: many ticks of a target that ran on. */
const renameMs = 300;
const missing = counter.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');

/** Kills the engine at a call of its commit; says whether there are images then. */
async function killAtCommit(target: Target, images: string, call: 'stop' | 'tie', number: number): Promise<boolean> {
  const [killer = ''] = cProgram('commit-killer').command();
  const dump = [process.execPath, bin, 'dump', '-t', `${target.pid}`, '-D', images, '--file-locks'];
  const ended = await run([killer, call, `${number}`, `${renameMs}`, ...dump]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: 'killed\n' });
  return existsSync(join(images, 'inventory.img'));
}

describe.skipIf(missing)(missing ?? 'the engine is killed at the commit, and the images take their time', () => {
  // The tree has two processes of several threads.
  test.for([1, 2])(
    'after %i ties to its life: the images are the tree, which does not run on',
    async (number, { place }) => {
      const target = await place.start(cProgram('busy'));
      const images = target.images();
      const pids = target.pids();
      expect(await killAtCommit(target, images, 'tie', number)).toBe(true);
      await until('all of it is gone', () => !pids.some(runs));
      place.track(await criujs.restore(images, { more: ['--file-locks'] }));
      await target.advance(3);
      await target.finish();
    },
  );

  test.for([1, 2, 5])('at stop %i: there are no images, and the tree runs on', async (number, { place }) => {
    const target = await place.start(cProgram('busy'));
    const who = target.identities();
    expect(await killAtCommit(target, target.images(), 'stop', number)).toBe(false);
    await until('nobody is stopped or traced', () => target.held().length === 0);
    await target.advance(3);
    expect(target.identities()).toEqual(who);
    await target.finish();
  });
});
