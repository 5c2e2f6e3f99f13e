import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { bin, criujs, criujsFails, type Engine, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criu, criuMissing, isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { runs, treeOf, untilGone } from './harness/processes.ts';
import { cProgram, type Program } from './harness/programs.ts';
import { onScreen, type } from './harness/screens.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// What is typed has its effect after each restore.

interface Row {
  readonly program: Program;
  /** Typed once, and what is shown then. */
  readonly first?: readonly (readonly [string, string])[];
  /** Typed before the first dump and after each restore; each has a number of its own. */
  readonly each: (number: number) => readonly (readonly [string, string | RegExp])[];
}

const rows: readonly Row[] = [
  {
    program: onScreen('bash', ['--norc', '-i']),
    first: [
      ['sleep 1000 &\r', '[1]'],
      ['sleep 2000\r', 'sleep 2000'],
      ['\x1a', 'Stopped'],
      ['bg\r', 'sleep 2000'],
    ],
    each: (number) => [
      // Whoever is in the foreground gets it, and no other.
      ['\x03', '> '],
      [`echo $((${number}+1000000))\r`, String(number + 1_000_000)],
      ['jobs\r', 'sleep 1000'],
      ['fg %2\r', 'sleep 2000'],
      ['\x1a', 'Stopped'],
      ['bg %2\r', 'sleep 2000'],
      ['cat\r', 'cat'],
      [`one ${number}\r`, new RegExp(`one ${number}\\s+one ${number}`)],
    ],
  },
  {
    program: onScreen('python3', ['-q'], { PYTHON_BASIC_REPL: '1' }),
    each: (number) => [[`print(${number}+1000000)\r`, String(number + 1_000_000)]],
  },
  {
    program: onScreen('less', ['words']),
    each: (number) => [[`${number * 50 + 1000}g`, `word ${number * 50 + 1000}`]],
  },
  {
    program: onScreen('vim', ['-u', 'NONE', '-N', '-i', 'NONE', '-n']),
    each: (number) => [[`:redraw!|echo ${number}+1000000\r`, String(number + 1_000_000)]],
  },
];

describe.skipIf(!isRoot)('programs in a terminal whose both ends are in the tree', () => {
  for (const { program, first = [], each } of rows)
    test.skipIf(program.missing)(
      `${program.name} goes on after each of three restores${program.missing ? ` (${program.missing})` : ''}`,
      async ({ place }) => {
        const target = await place.start(program);
        for (const [keys, answer] of first) await type(target, keys, answer);
        for (let leg = 0; leg < 4; leg++) {
          if (leg > 0) await travel(place, target, { by: criujs, compared: false });
          for (const [keys, answer] of each(leg + 1)) await type(target, keys, answer);
        }
      },
    );
});

const asked = { more: ['--shell-job'] } as const;
const shell = onScreen('bash', ['--norc', '-i']);
const job = `sh -c 'while read x; do echo "heard $x"; done'\r`;

/** The process that a shell in a terminal has in its foreground. */
async function jobOf(target: Target): Promise<number> {
  let pid = 0;
  await until('the job begins', () => {
    const [, , found] = treeOf(target.pid);
    pid = found ?? 0;
    return pid !== 0;
  });
  return pid;
}

/** A shell with a job in its foreground that answers each line, dumped: the shell goes on. */
async function dumpedJob(place: Place, by: Engine): Promise<{ target: Target; pid: number; images: string }> {
  const target = await place.start(shell);
  await type(target, job, 'read x');
  await type(target, 'once\r', 'heard once');
  const pid = await jobOf(target);
  const images = target.images();
  await by.dump(pid, images, asked);
  await until('the job ends', () => !runs(pid));
  await untilGone(pid);
  await type(target, '\r', '> ');
  return { target, pid, images };
}

/** Types a command that restores the job, which answers again. */
async function typeRestore(place: Place, target: Target, command: string, images: string, pid: number): Promise<void> {
  await type(target, `${command}\r`, images);
  await until('the job is back', () => runs(pid));
  place.track(pid);
  await type(target, 'again\r', 'heard again');
}

describe.skipIf(!isRoot)('the job of a shell', () => {
  const restoreBy = {
    criujs: (images: string) => `${process.execPath} ${bin} restore -D ${images} --shell-job`,
    criu: (images: string) => `${criu} restore -D ${images} --shell-job`,
    bridge: (images: string) =>
      `${process.execPath} ${bin} restore -D ${images} --shell-job --engine criu --criu-bin ${criu}`,
  } as const;
  const routes = [
    { name: 'ours', by: criujs, restore: restoreBy.criujs, missing: null },
    { name: 'CRIU’s, restored by us', by: realCriu, restore: restoreBy.criujs, missing: criuMissing() },
    { name: 'ours, restored by CRIU', by: criujs, restore: restoreBy.criu, missing: criuMissing() },
    { name: 'ours, restored through CRIU', by: criujs, restore: restoreBy.bridge, missing: criuMissing() },
  ];
  for (const { name, by, restore, missing } of routes)
    test.skipIf(shell.missing ?? missing)(`goes on in the terminal of the restore: ${name}`, async ({ place }) => {
      const { target, pid, images } = await dumpedJob(place, by);
      await typeRestore(place, target, restore(images), images, pid);
      await type(target, '\x03', '> ');
      // CRIU does not say how it ended.
      const status = restore === restoreBy.criu ? 'back 1' : 'back 1130';
      await type(target, 'echo back $(( $? + 1000 ))\r', status);
    });

  test.skipIf(shell.missing)('gives the foreground back when it ends', async ({ place }) => {
    const { target, pid, images } = await dumpedJob(place, criujs);
    await typeRestore(place, target, `sh -c '${restoreBy.criujs(images)}; read y; echo "then $y"'`, images, pid);
    await type(target, '\x04', '');
    await until('the job ends', () => !runs(pid));
    await type(target, 'more\r', 'then more');
  });

  test.skipIf(shell.missing)('is refused without the option, which the refusal names', async ({ place }) => {
    const target = await place.start(shell);
    await type(target, job, 'read x');
    const pid = await jobOf(target);
    const images = target.images();
    const refused = await criujsFails(['dump', '-t', String(pid), '-D', images]);
    expect(refused.refusals?.[0]?.remedy).toContain('--shell-job');
    await type(target, 'once\r', 'heard once');
    await criujs.dump(pid, images, { ...asked, leaveRunning: true });
    await type(target, 'twice\r', 'heard twice');
    const failed = await criujsFails(['restore', '-D', images, '--new-pids']);
    expect(failed).toMatchObject({ code: 'UNSUPPORTED', remedy: expect.stringContaining('--shell-job') });
    await type(target, '\x03', '> ');
  });
});

const consoles = cProgram('consoles');
const noConsole = ['/dev/console', '/dev/tty40', '/dev/tty41'].some((path) => !canOpen(path))
  ? 'no consoles that can be opened'
  : null;

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!isRoot)('the console and virtual terminals', () => {
  const missing = consoles.missing ?? noConsole;
  const because = (why: string | null): string => (why === null ? '' : ` (${why})`);
  test.skipIf(missing)(`come back three times${because(missing)}`, async ({ place }) => {
    const target = await place.start(consoles);
    for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs });
    await target.finish();
  });

  const missingHere = missing ?? criuMissing();
  test.skipIf(missingHere)(`come from CRIU${because(missingHere)}`, async ({ place }) => {
    const target = await place.start(cProgram('consoles', { CONSOLES_PLAIN: '1' }));
    await travel(place, target, { by: realCriu, restoredBy: criujs, compared: false });
    await target.finish();
  });
});

const noScreen = onScreen('bash').missing;

describe.skipIf(!isRoot)('a pseudo terminal', () => {
  test.skipIf(noScreen)('whose number another program has by now is an error that names it', async ({ place }) => {
    const target = await place.start(onScreen('bash', ['--norc', '-i']));
    const images = target.images();
    const said = await type(target, 'tty\r', /pts\/\d+/);
    const number = Number(/pts\/(\d+)/.exec(said)?.[1]);
    const pids = target.pids();
    await criujs.dump(target.pid, images);
    for (const pid of pids) await until(`process ${pid} ends`, () => !runs(pid));
    const taken: number[] = [];
    try {
      while (!taken.some((fd) => numberOf(fd) === number))
        taken.push(openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY));
      const failed = await criujsFails(['restore', '-D', images, '--detach']);
      expect(failed).toMatchObject({ code: 'FILE_CHANGED', resource: `/dev/pts/${number}` });
    } finally {
      for (const fd of taken) closeSync(fd);
    }
    place.track(await criujs.restore(images));
    await type(target, 'tty\r', `/dev/pts/${number}`);
  });
});

function numberOf(fd: number): number {
  return Number(/tty-index:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
}
