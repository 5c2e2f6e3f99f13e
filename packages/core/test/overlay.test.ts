import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe } from 'vitest';
import { run, runWell } from './harness/command.ts';
import { criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { cProgram, type Program } from './harness/programs.ts';

/** Has all folders of a place lie in an overlay, as those of a container do, with this program in its lower layer. */
async function inOverlay<T>(place: Place, program: Program, use: (lower: Program) => Promise<T>): Promise<T> {
  const base = mkdtempSync(join(tmpdir(), 'criujs-overlay-'));
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(base, name));
  const [file = ''] = program.command();
  const mounted: string[] = [];
  const mount = async (at: string, ...args: readonly string[]): Promise<void> => {
    await runWell(['mount', ...args, at]);
    mounted.unshift(at);
  };
  try {
    // An overlay takes no other one as its upper layer.
    await mount(base, '-t', 'tmpfs', 'tmpfs');
    for (const folder of [lower, upper, work]) mkdirSync(folder ?? '');
    copyFileSync(file, join(lower ?? '', basename(file)));
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await mount(place.directory, '-t', 'overlay', '-o', layers, 'overlay');
    return await use({ ...program, command: () => [join(place.directory, basename(file))] });
  } finally {
    for (const at of mounted) await run(['umount', '--lazy', at]);
    rmSync(base, { recursive: true });
  }
}

const programs = [cProgram('opened'), cProgram('deleted'), cProgram('shared'), cProgram('procfiles')];

describe.skipIf(!isRoot)('programs in an overlay', () => {
  for (const program of programs)
    test.skipIf(program.missing)(`${program.name}: dumped and restored 3 times`, ({ place }) =>
      inOverlay(place, program, async (lower) => {
        const target = await place.start(lower);
        for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs });
        await target.finish();
      }),
    );
});
