import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';
import { nobody, runWell } from './command.ts';
import { keepDescriptors } from './keep-descriptors.ts';
import { releaseBelow } from './network.ts';
import { endNow, identity, processesIn, runs, treeOf } from './processes.ts';
import type { Program } from './programs.ts';
import { objectsIn, removeObject } from './system-v.ts';
import { Target } from './target.ts';
import { until } from './wait.ts';

/** A folder of one test, and everything that was started in it. */
export interface Place {
  readonly directory: string;
  /** A path in the folder; each number of times that it is asked for another one. */
  fresh(name: string): string;
  /** A folder for one target. */
  home(options?: StartOptions): string;
  /** Starts a program, as init's child and with a session of its own, and waits for its first ticks. */
  start(program: Program, options?: StartOptions): Promise<Target>;
  /** A process that a restore made, and its descendants: they are ended with the test. */
  track(pid: number): void;
  /** Ends everything. @throws Error when somebody is left whom nobody here knows */
  clear(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Run it as the user nobody: needs root. */
  readonly asNobody?: boolean;
}

export function createPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-test-'));
  chmodSync(directory, 0o755);
  const known = new Map<number, string>();
  const targets: Target[] = [];
  let names = 0;

  function track(pid: number): void {
    for (const member of treeOf(pid)) {
      const who = identity(member);
      if (who) known.set(member, who);
    }
  }

  function fresh(name: string): string {
    names += 1;
    return join(directory, `${name}-${names}`);
  }

  function home(options: StartOptions = {}): string {
    const folder = fresh('target');
    mkdirSync(folder);
    chmodSync(folder, 0o777); // a target may become another user
    const words = Array.from({ length: 20_000 }, (_, index) => `word ${index + 1}\n`);
    writeFileSync(join(folder, 'words'), words.join(''));
    if (options.asNobody) {
      chownSync(folder, nobody, nobody);
      chownSync(join(folder, 'words'), nobody, nobody);
    }
    return folder;
  }

  async function start(program: Program, options: StartOptions = {}): Promise<Target> {
    const folder = home(options);
    keepDescriptors();
    // Not a child of ours: the event loop would reap it, and see stops that are not meant for it.
    const launch = 'cd "$0" && setsid "$@" </dev/null >output 2>&1 & echo $!';
    const env = { ...program.env, ...options.env };
    const stdout = await runWell(['sh', '-c', launch, folder, ...program.command()], { ...options, env });
    const target = new Target(program, folder, Number(stdout));
    targets.push(target);
    track(target.pid);
    await until(`${program.name} begins`, () => target.ticks() > 2);
    track(target.pid);
    return target;
  }

  async function clear(): Promise<void> {
    for (const target of targets) track(target.pid);
    for (const [pid, who] of known) if (identity(pid) === who) endNow(pid);
    for (const [pid, who] of known) await until(`process ${pid} ends`, () => identity(pid) !== who || !runs(pid));
    const left = await settled(() => processesIn(directory));
    await releaseBelow(directory);
    for (const object of objectsIn(directory)) removeObject(object);
    // In a folder that only this test has: parts of a tree whose root failed before anybody looked at it, or an engine's.
    for (const title of left) endNow(Number.parseInt(title, 10));
    rmSync(directory, { recursive: true });
    if (left.length) throw new Error(`processes were left that no test knows:\n${left.join('\n')}`);
    if (existsSync(directory)) throw new Error(`${directory} is left`);
  }

  return { directory, fresh, home, start, track, clear };
}

/** What is left once it no longer gets less: an engine that was killed needs a moment to let go. */
async function settled(look: () => string[]): Promise<string[]> {
  await until('processes end', () => look().length === 0, 30_000).catch(() => {});
  return look();
}

/** A test with a place of its own, that is cleared whatever the outcome. */
export const test = base.extend<{ place: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the pattern
  place: async ({}, use) => {
    const place = createPlace();
    await use(place);
    await place.clear();
  },
});
