import { uptime } from 'node:os';
import { plan } from '@criujs/core';
import { describe, expect } from 'vitest';
import { nobody, run } from './harness/command.ts';
import { bin, criujs, criujsFails, type Failure } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { runs } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

// A restore on a machine whose clocks since boot are others than at the dump: a time namespace stands for it.

const clocks = cProgram('clocks');
/** How far apart the clocks are, in seconds. None can be behind the boot of this machine. */
const apart = Math.min(3000, Math.floor(uptime() / 2));
const machine = (shift: number): string[] => ['unshare', '-T', `--monotonic=${shift}`, `--boottime=${shift}`];
const noNamespaces = isRoot && (await run([...machine(-1), 'true'])).code === 0 ? null : 'needs root, time namespaces';

describe.skipIf(clocks.missing ?? noNamespaces)(noNamespaces ?? 'clocks since boot', () => {
  for (const shift of [-apart, apart]) {
    test(`go on where they were, on a machine whose own are ${shift} s apart, and once more`, async ({ place }) => {
      const target = await place.start(clocks);
      for (const there of [machine(shift), machine(-shift)]) {
        const images = target.images();
        await criujs.dump(target.pid, images);
        await until('it ends', () => !runs(target.pid));
        const ended = await run([...there, process.execPath, bin, 'restore', '-D', images, '--detach', '--json']);
        expect(ended).toMatchObject({ code: 0 });
        const { pid, warnings } = JSON.parse(ended.stdout) as { pid: number; warnings: string[] };
        place.track(pid);
        expect(warnings).toEqual([]);
        await target.advance(3);
      }
      await target.finish();
    });
  }

  test('that a user cannot set: behind they are refused unless it is allowed, ahead they are a warning', async ({
    place,
  }) => {
    const how = { asNobody: true } as const;
    const user = await installedFor(place, how);
    const target = await place.start(cProgram('clocks', { CLOCKS_JUMP: '1' }), how);
    const images = target.images();
    await criujs.dump(target.pid, images, {}, { ...how, bin: user });
    await until('it ends', () => !runs(target.pid));
    const restore = async (shift: number, ...more: string[]) => {
      const as = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
      const args = ['restore', '-D', images, '--detach', '--json', '--new-pids', ...more];
      const { code, stdout } = await run([...machine(shift), ...as, process.execPath, user, ...args]);
      const said = JSON.parse(stdout) as { pid: number; warnings: string[]; error?: Failure };
      if (code === 0) place.track(said.pid);
      return { code, ...said };
    };
    const refused = await restore(-apart);
    expect(refused).toMatchObject({
      code: 6,
      error: { code: 'CLOCK_BEHIND', remedy: expect.stringMatching(/--allow-clock-behind/) },
    });
    const ahead = await restore(apart);
    expect(ahead).toMatchObject({
      code: 0,
      warnings: expect.arrayContaining([expect.stringMatching(/jump ahead by \d+\.\d s/)]),
    });
    target.pid = ahead.pid;
    await target.advance(3);
    await target.finish();
    const behind = await restore(-apart, '--allow-clock-behind');
    expect(behind).toMatchObject({ code: 0, warnings: expect.arrayContaining([expect.stringMatching(/behind/)]) });
  });

  test('of children that differ from those of the process are refused, by a plan too', async ({ place }) => {
    const target = await place.start(cProgram('clocks', { CLOCKS_UNSHARED: '1' }));
    const { rows } = await plan({ pid: target.pid });
    const expected = { resource: 'namespace of clocks', why: expect.stringMatching(/unshare\(CLONE_NEWTIME\)/) };
    expect(rows.filter(({ taker }) => taker === null)).toEqual([expect.objectContaining(expected)]);
    const { refusals } = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(refusals).toEqual([expect.objectContaining(expected)]);
    await target.advance();
    await target.finish();
  });
});
