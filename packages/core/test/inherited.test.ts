import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { getFlags, makePipe, setFlags } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { criujs, criujsCommand, criujsFails, type Engine, realCriu } from './harness/engines.ts';
import { keepDescriptors } from './harness/keep-descriptors.ts';
import { criu, criuMissing, isRoot } from './harness/machine.ts';
import { test as base, type Place } from './harness/place.ts';
import { runs, state } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

const program = cProgram('ends');
const missing = program.missing ?? (isRoot ? null : 'needs root');
const O_NONBLOCK = 0o4000;

/** Our ends of two pipes, and those for a program or for whoever restores it. */
interface Ends {
  readonly input: number;
  readonly output: number;
  /** The end that the program reads, then the one that it writes. */
  readonly theirs: readonly [number, number];
}

/** A program whose input and output are pipes to us. */
class Served {
  readonly images: () => string;
  pid: number;
  ends: Ends;
  names: readonly [string, string];
  heard = '';

  constructor(pid: number, ends: Ends, place: Place) {
    this.pid = pid;
    this.ends = ends;
    this.names = namesOf(ends);
    this.images = () => place.fresh('images');
  }

  /** What it is dumped with. */
  get external(): readonly string[] {
    return this.names.flatMap((name) => ['--external', name.replace(':', '')]);
  }

  /** What it is restored with: descriptors 3 and 4 of the command. */
  get inherit(): readonly string[] {
    return this.names.flatMap((name, at) => ['--inherit-fd', `fd[${3 + at}]:${name}`]);
  }

  /** Sends it something, and waits for the answer. */
  async ask(piece: string, answer: string): Promise<void> {
    writeSync(this.ends.input, piece);
    await this.hear(answer);
  }

  async hear(line: string): Promise<void> {
    await until(`"${line}", after "${this.heard}"`, () => {
      this.heard += readNow(this.ends.output);
      return this.heard.endsWith(`${line}\n`);
    });
  }

  /** Ends its input, and waits for its end. */
  async finish(): Promise<void> {
    closeSync(this.ends.input);
    await until(`${this.pid} ends`, () => !runs(this.pid));
  }
}

function namesOf({ theirs }: Ends): readonly [string, string] {
  const [read, write] = theirs.map((fd) => `pipe:[${fstatSync(fd).ino}]`);
  return [read ?? '', write ?? ''];
}

function readNow(fd: number): string {
  const bytes = Buffer.alloc(4096);
  try {
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
    throw error;
  }
}

const test = base.extend<{ pipes: () => Ends; serve: (...args: string[]) => Promise<Served> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the pattern
  pipes: async ({}, use) => {
    const made: number[] = [];
    await use(() => {
      const [[read, input], [output, write]] = [makePipe(), makePipe()];
      setFlags(output, O_NONBLOCK);
      made.push(read, input, output, write);
      return { input, output, theirs: [read, write] };
    });
    for (const fd of made) closeIfOpen(fd);
  },
  serve: async ({ place, pipes }, use) => {
    await use(async (...args) => {
      keepDescriptors();
      const ends = pipes();
      const [file = '', ...rest] = [...program.command(), ...args];
      const cwd = place.fresh('home');
      mkdirSync(cwd);
      const child = spawn(file, rest, { cwd, stdio: [...ends.theirs, 'ignore'], detached: true });
      place.track(child.pid ?? 0);
      const served = new Served(child.pid ?? 0, ends, place);
      closeTheirs(ends);
      await served.hear('ready');
      return served;
    });
  },
});

function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  }
}

/** The program has them: with ours it would never see an end. */
function closeTheirs({ theirs }: Ends): void {
  for (const fd of theirs) closeSync(fd);
}

/** Restores it with new pipes. */
async function restored(
  served: Served,
  images: string,
  by: Engine,
  fresh: Ends,
  more: readonly string[] = [],
): Promise<void> {
  const options = { more: [...served.inherit, ...more] };
  served.pid = await by.restore(images, options, { descriptors: fresh.theirs });
  served.ends = fresh;
  served.names = namesOf(fresh);
}

describe.skipIf(missing)(`pipes with an end outside of the tree${missing ? ` (${missing})` : ''}`, () => {
  const bridge: Engine = {
    ...criujs,
    name: 'criujs --engine criu',
    dump: (pid, images, leg, how) =>
      criujs.dump(pid, images, { ...leg, more: [...engineCriu, ...(leg?.more ?? [])] }, how),
    restore: (images, leg, how) => criujs.restore(images, { ...leg, more: [...engineCriu, ...(leg?.more ?? [])] }, how),
  };
  const engineCriu = ['--engine', 'criu', '--criu-bin', criu ?? ''];
  const routes: readonly (readonly [Engine, Engine])[][] = [
    [
      [criujs, criujs],
      [criujs, criujs],
      [criujs, criujs],
    ],
    [
      [criujs, realCriu],
      [realCriu, criujs],
      [criujs, criujs],
    ],
    [
      [bridge, bridge],
      [bridge, criujs],
      [criujs, bridge],
    ],
  ];

  for (const route of routes) {
    const name = route.map(([by, to]) => `${by.name} to ${to.name}`).join(', ');
    const needsCriu = route.some((legs) => legs.some((it) => it !== criujs)) ? criuMissing() : null;
    test.skipIf(needsCriu)(
      `lead to other pipes after a restore: ${name}${needsCriu ? ` (${needsCriu})` : ''}`,
      async ({ place, pipes, serve }) => {
        const served = await serve();
        let had = 0;
        await served.ask('a', `${++had} as it was: a`);
        for (const [by, to] of route) {
          const images = served.images();
          // CRIU itself has no such option: it takes pipes unasked.
          await by.dump(served.pid, images, by === realCriu ? {} : { more: served.external });
          const fresh = pipes();
          await restored(served, images, to, fresh);
          place.track(served.pid);
          expect(
            fresh.theirs.map((fd) => getFlags(fd) & O_NONBLOCK),
            'ours are as they were',
          ).toEqual([0, 0]);
          closeTheirs(fresh);
          await served.ask('b', `${++had} as it was: b`);
        }
        await served.finish();
      },
    );
  }

  test('are refused by a dump that is not told of them, which names the option; the program runs on', async ({
    serve,
  }) => {
    const served = await serve();
    const failure = await criujsFails(['dump', '-t', String(served.pid), '-D', served.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    for (const name of served.names) {
      const remedies = failure.refusals?.map(({ remedy }) => remedy) ?? [];
      expect(remedies).toContainEqual(expect.stringContaining(`--external '${name.replace(':', '')}'`));
      expect(remedies).toContainEqual(expect.stringContaining(`--inherit-fd 'fd[N]:${name}'`));
    }
    await served.ask('a', '1 as it was: a');
    await served.finish();
  });

  test.for([
    ['pipe[x]', 'BAD_OPTION', /pipe\[x\] names no pipe/],
    ['pipe', 'BAD_OPTION', /pipe names no external resource/],
    ['mnt[/a]:b', 'UNSUPPORTED', /mnt\[\/a\]:b: the engine has no external resources of the type mnt/],
  ] as const)('a dump refuses --external %s', async ([external, code, message], { serve }) => {
    const served = await serve();
    for (const command of ['dump', 'plan']) {
      const to = command === 'dump' ? ['-D', served.images()] : [];
      const failure = await criujsFails([command, '-t', String(served.pid), ...to, '--external', external]);
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    }
    await served.finish();
  });

  test('a restore says what is missing and what does not fit, and can be done again', async ({
    place,
    pipes,
    serve,
  }) => {
    const served = await serve();
    const images = served.images();
    await criujs.dump(served.pid, images, { more: served.external });
    const fresh = pipes();
    const file = openSync(join(place.directory, 'file'), 'w+');
    const [input, output] = served.names;
    const fails = (descriptors: readonly number[], ...names: string[]) =>
      criujsFails(['restore', '-D', images, '--detach', ...names.flatMap((name) => ['--inherit-fd', name])], {
        descriptors,
      });
    const [read, write] = fresh.theirs;
    try {
      expect(await fails([])).toMatchObject({
        code: 'FILE_MISSING',
        message: expect.stringContaining(`${input}, ${output}`),
        remedy: expect.stringContaining(`--inherit-fd 'fd[1]:${input}'`),
      });
      expect(await fails([read], `fd[3]:${input}`)).toMatchObject({ code: 'FILE_MISSING', resource: output });
      const wrong = [
        [[], `fd[999]:${input}`, /descriptor 999 is not open/],
        [[file], `fd[3]:${input}`, /descriptor 3 cannot take its place, because it is not a pipe/],
        [[write], `fd[3]:${input}`, /it is the end of a pipe that is written, and the program reads it/],
        [[read], `fd[3]:${output}`, /it is the end of a pipe that is read, and the program writes it/],
        [[read], 'fd[3]:pipe:[1]', /no process of the images has a file of this name open/],
        [[read], 'fd[3]:tmp/nowhere', /no process of the images has a file of this name open/],
      ] as const;
      for (const [descriptors, name, message] of wrong) {
        expect(await fails(descriptors, name)).toMatchObject({
          code: 'BAD_OPTION',
          message: expect.stringMatching(message),
        });
      }
      expect((await fails([read], 'fd[3]:pipe:[1]')).remedy).toContain(`dev/null, ${input}, ${output}`);
      expect(await fails([read, read], `fd[3]:${input}`, `fd[4]:${input}`)).toMatchObject({ code: 'BAD_OPTION' });
    } finally {
      closeSync(file);
    }
    await restored(served, images, criujs, fresh);
    place.track(served.pid);
    closeTheirs(fresh);
    await served.ask('a', '1 as it was: a');
    await served.finish();
  });

  test('what waited in one that the program reads is not put into another, which is a warning', async ({
    place,
    pipes,
    serve,
  }) => {
    const served = await serve();
    process.kill(served.pid, 'SIGSTOP');
    await until('it stands still', () => state(served.pid) === 'T');
    writeSync(served.ends.input, 'lost');
    const images = served.images();
    await criujs.dump(served.pid, images, { more: served.external });
    const fresh = pipes();
    const args = ['restore', '-D', images, '--detach', '--json', ...served.inherit];
    const { stdout } = await criujsCommand(args, { descriptors: fresh.theirs });
    const { pid, warnings } = JSON.parse(stdout) as { pid: number; warnings: string[] };
    place.track(pid);
    expect(warnings).toEqual([`${served.names[0]}: the 4 bytes that waited in it are not put into descriptor 3`]);
    served.pid = pid;
    served.ends = fresh;
    closeTheirs(fresh);
    process.kill(pid, 'SIGCONT');
    await served.ask('b', '1 as it was: b');
    await served.finish();
  });

  test('a descriptor takes the place of a log, also where that is gone', async ({ place, pipes, serve }) => {
    const log = join(place.directory, 'old');
    const served = await serve(log);
    await served.ask('a', '1 as it was: a');
    const images = served.images();
    await criujs.dump(served.pid, images, { more: served.external });
    const fresh = pipes();
    const other = openSync(join(place.directory, 'new'), 'a');
    const options = { more: [...served.inherit, '--inherit-fd', `fd[5]:${log.slice(1)}`] };
    served.pid = await criujs.restore(images, options, { descriptors: [...fresh.theirs, other] });
    place.track(served.pid);
    closeSync(other);
    served.ends = fresh;
    closeTheirs(fresh);
    await served.ask('b', '2 as it was: b');
    await served.finish();
    expect(readFileSync(log, 'utf8')).toBe('1\n');
    expect(readFileSync(join(place.directory, 'new'), 'utf8')).toBe('2\n');
  });
});
