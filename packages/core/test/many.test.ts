import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { bin, criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';

// Work that grew with the square of a number took minutes for these; what grows with the number takes seconds.

const maps = cProgram('maps', { MAPS: '30000' });
const chain = cProgram('chain', { CHAIN: '500' });
const restoring = isRoot ? {} : { newPids: true };

describe.skipIf(maps.missing !== null)(`many of a kind (${maps.missing ?? 'in C'})`, () => {
  test('30,000 maps of three protections', async ({ place }) => {
    const target = await place.start(maps);
    await travel(place, target, { by: criujs, restore: restoring, compared: false });
    await target.finish();
  });

  const limited = ['prlimit', '--nofile=4096:4096', process.execPath, bin];

  test('nearly as many open files as the limit allows, for the program and for the engine', async ({ place }) => {
    const target = await place.start(cProgram('handles', { HANDLES: '4000' }));
    for (let leg = 0; leg < 2; leg++) {
      const images = target.images();
      expect(await run([...limited, 'dump', '-t', String(target.pid), '-D', images])).toMatchObject({ code: 0 });
      await untilGone(target.pid);
      const more = isRoot ? [] : ['--new-pids'];
      const restored = await run([...limited, 'restore', '-D', images, '--detach', '--json', ...more]);
      expect(restored).toMatchObject({ code: 0, stderr: '' });
      target.pid = (JSON.parse(restored.stdout) as { pid: number }).pid;
      place.track(target.pid);
      await target.advance();
    }
    await target.finish();
  });

  test('more open files than a restore could have open at once are refused', async ({ place }) => {
    const target = await place.start(cProgram('handles', { HANDLES: '4060' }));
    const { code, stdout } = await run([...limited, 'dump', '-t', String(target.pid), '-D', target.images(), '--json']);
    expect(code).toBe(3);
    expect((JSON.parse(stdout) as { error: object }).error).toMatchObject({
      code: 'UNSUPPORTED',
      refusals: [
        {
          pid: target.pid,
          resource: expect.stringMatching(/^40\d\d open files$/),
          remedy: expect.stringContaining('ulimit'),
        },
      ],
    });
    await target.advance();
    await target.finish();
  });

  test('a chain of 500 processes, each the child of the one before', async ({ place }) => {
    const target = await place.start(chain);
    const pids = target.pids();
    expect(pids).toHaveLength(500);
    const images = target.images();
    await criujs.dump(target.pid, images);
    // Init takes its time with so many.
    for (const pid of pids) await untilGone(pid);
    target.pid = await criujs.restore(images, restoring);
    place.track(target.pid);
    await target.advance();
    expect(target.pids()).toHaveLength(500);
    await target.finish();
  });
});
