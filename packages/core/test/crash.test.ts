import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { allOrNothing } from './harness/all-or-nothing.ts';
import { bin, criujs } from './harness/engines.ts';
import { createMarksman, killAt } from './harness/killer.ts';
import { isRoot, noIptables } from './harness/machine.ts';
import { isHeld } from './harness/network.ts';
import { type Place, test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { runs } from './harness/processes.ts';
import { counter, cProgram, type Program, threads, tree } from './harness/programs.ts';
import { terminalModes, tmuxScreen, type, untilShown } from './harness/screens.ts';
import { stillness } from './harness/stillness.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

/** How often the engine is killed in a dump of the tree that does most, and as often in those of all others: 300 is the full count. */
const total = Number(process.env['CRIUJS_CRASH_RUNS'] ?? 20);
const patience = 60_000 + total * 20_000;

interface Row {
  readonly program: Program;
  /** Options of the dump. */
  readonly more?: readonly string[];
  /** Options of the restore. */
  readonly back?: readonly string[];
  readonly kills: number;
  /** Threads under seccomp may keep some unused memory of a killed engine until the next dump: docs/crash-safety.md. */
  readonly mayKeep?: true;
  /** What somebody does with it first, and after each kill. */
  use?(target: Target): Promise<unknown>;
  /** What else must be as it was before each kill. */
  looks?(target: Target): unknown;
}

let typed = 1_000_000;

/** Has both shells do something: C-b o goes from one to the other. */
async function useBoth(target: Target): Promise<void> {
  await untilShown(target, '> ');
  for (const shell of ['one', 'other']) {
    typed += 1;
    await type(target, `echo ${shell} $((${typed}-1))\r`, `${shell} ${typed - 1}`);
    await type(target, '\x02o\x0c', '> ');
  }
}

const few = Math.ceil(total / 6);
const connectionsByRules = {
  program: { ...cProgram('connections'), name: 'connections, held with iptables' },
  more: ['--tcp-established', '--network-lock', 'iptables'],
  back: ['--tcp-established'],
};
const rows: readonly Row[] = [
  ...[
    ...[counter, threads, tree, cProgram('shared'), cProgram('pairs'), cProgram('rings'), cProgram('udps')],
    cProgram('aios', { AIOS_MANY: '200' }),
    cProgram('ptys', { PTYS_NO_LINES: '1' }),
    cProgram('packets'),
  ].map((program) => ({ program, kills: few })),
  { program: cProgram('filters'), kills: few, mayKeep: true },
  { program: cProgram('connections'), more: ['--tcp-established'], back: ['--tcp-established'], kills: few },
  ...(noIptables === null ? [{ ...connectionsByRules, kills: few }] : []),
  { program: cProgram('aios', { AIOS_MANY: '200', AIOS_FILTER: '169' }), kills: few, mayKeep: true },
  {
    program: cProgram('deleted', { DELETED_LINKS: '1', DELETED_GUESTS: '1' }),
    more: ['--link-remap'],
    kills: few,
  },
  { program: tmuxScreen(), kills: few, use: useBoth, looks: terminalModes },
  { program: cProgram('busy'), more: ['--file-locks'], back: ['--file-locks'], kills: total },
];
// The kernel tells a thread by its rseq(2) area which processor it runs on: that memory changes by itself.
const still = cProgram('still', { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' });
const missing = counter.missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');

const dumpPhases = ['start', 'survey', 'pause', 'freeze', 'collect', 'infect', 'pages', 'write', 'commit', 'kill'];
const restorePhases = ['start', 'read', 'open', 'fork', 'build', 'resume'];

/** What is different in a portrait. */
function differences(before: string, after: string): string[] {
  const [was, is] = [new Set(before.split('\n')), new Set(after.split('\n'))];
  const gone = [...was].filter((line) => !is.has(line)).map((line) => `- ${line}`);
  const come = [...is].filter((line) => !was.has(line)).map((line) => `+ ${line}`);
  return [...gone, ...come];
}

/** What is different when a killed engine has left memory that nobody uses. */
const unused = /^\+ [0-9a-f]+-[0-9a-f]+ (r-x|rw-)p 0 00:00 0 *$/;

/** Waits until it is clear what became of the target: exactly one of image and process. */
async function settle(target: Target, pids: readonly number[], images: string): Promise<'image' | 'process'> {
  const whole = (): boolean => existsSync(join(images, 'inventory.img'));
  return until(`either images or processes are left of ${target.program.name} (${target.pid})`, async () => {
    const alive = pids.filter(runs);
    if (whole()) return alive.length === 0 && 'image';
    if (alive.length < pids.length) throw new Error(`no whole images, and of ${pids} only ${alive} are left`);
    await until('nobody is stopped or traced', () => target.held().length === 0).catch(() => {
      throw new Error(`left behind: ${target.held().join('\n')}`);
    });
    await target.advance(3).catch((error: Error) => {
      if (!whole()) throw error; // else it was being ended, as it should
    });
    return whole() ? null : 'process';
  });
}

async function revive(
  place: Place,
  target: Target,
  { images, back, when }: { readonly images: string; readonly back: readonly string[]; readonly when: string },
): Promise<void> {
  const restored = await criujs.restore(images, { more: back }).catch((error: Error) => {
    const ranOn = error.message.includes('FILE_CHANGED') ? ': it ran on although its dump was whole' : '';
    throw new Error(`${when}${ranOn}\n${error.message}`);
  });
  place.track(restored);
  await target.advance(3).catch((error: Error) => {
    throw new Error(`${when}, restored\n${error.message}`);
  });
}

/** Names that a dump has given to files that had lost theirs. */
function given({ directory }: Target): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('link_remap.'));
}

function described(hits: ReadonlyMap<string, number>): string {
  return [...hits].map(([name, count]) => `${name} ${count}`).join(', ');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

describe.skipIf(missing)(missing ?? 'the engine is killed at random moments', () => {
  const marksman = createMarksman(dumpPhases);
  const seen = { process: 0, image: 0, done: 0 };

  for (const { program, more = [], back = [], kills, mayKeep = false, use, looks } of rows) {
    test.skipIf(program.missing)(
      `of a dump of ${program.name}, ${kills} times: neither lost nor doubled nor changed`,
      {
        timeout: patience,
      },
      async ({ place }) => {
        const target = await place.start(program);
        await use?.(target);
        let before = await target.paused(() => portrait(target.pid));
        const looked = looks?.(target);
        let who = target.identities();
        const hits = new Map(dumpPhases.map((name) => [name, 0]));
        for (let round = 0; round < kills; round++) {
          const images = target.images();
          const pids = target.pids();
          const { phase, delay } = marksman.aim();
          const dump = ['dump', '-t', String(target.pid), '-D', images, ...more];
          const run = await killAt(phase, delay, [process.execPath, bin, ...dump]);
          marksman.note(run);
          if (run.killed) hits.set(run.last, (hits.get(run.last) ?? 0) + 1);
          if (!run.killed) expect(run.code, `not killed in ${phase} after ${delay} µs: ${run.said}`).toBe(0);

          const left = await settle(target, pids, images);
          seen[run.killed ? left : 'done'] += 1;
          if (left === 'process') {
            await until('the names that the dump gave are gone', () => given(target).length === 0);
            await until('the network is not held', () => !isHeld());
          }
          if (left === 'image') {
            await revive(place, target, { images, back, when: `killed in ${run.last}` });
            who = target.identities();
          }
          expect(target.identities(), `killed in ${run.last}`).toEqual(who);
          const after = await target.paused(() => portrait(target.pid));
          const found = differences(before, after).filter((line) => !(mayKeep && unused.test(line)));
          expect(found, `killed in ${run.last}`).toEqual([]);
          expect(looks?.(target), `killed in ${run.last}`).toEqual(looked);
          if (use === undefined) continue;
          await use(target);
          // What somebody does with a program changes it.
          before = await target.paused(() => portrait(target.pid));
        }
        // What killed engines left in it is no obstacle to a dump.
        const images = target.images();
        await criujs.dump(target.pid, images, { more });
        await revive(place, target, { images, back, when: 'after all' });
        expect(given(target)).toEqual([]);
        await until('the network is not held', () => !isHeld());
        expect(differences(before, await target.paused(() => portrait(target.pid)))).toEqual([]);
        await target.finish();
        say(`${program.name}, killed in these phases of a dump: ${described(hits)}`);
      },
    );
  }

  test('every phase was hit', () => {
    say(`all, killed in these phases of a dump: ${described(marksman.hits())}`);
    say(`left: the process ${seen.process}, images ${seen.image}; too late to kill ${seen.done}`);
    const least = total >= 100 ? 5 : 0;
    for (const [name, count] of marksman.hits()) expect(count, `killed in ${name}`).toBeGreaterThanOrEqual(least);
  });

  const stills = Math.ceil(total / 3);
  test(`of a dump of a program that only waits, ${stills} times: nothing of it is changed`, {
    timeout: patience,
  }, async ({ place }) => {
    const shots = createMarksman(['freeze', 'collect', 'infect', 'pages']);
    const target = await place.start(still);
    const before = await until('all of its threads wait', () => {
      const now = stillness(target.pid);
      return /call running|State:\tR/.test(now) || target.pids().length < 2 ? null : now;
    });
    for (let round = 0; round < stills; round++) {
      const { phase, delay } = shots.aim();
      const dump = ['dump', '-t', String(target.pid), '-D', target.images(), '--leave-running'];
      const run = await killAt(phase, delay, [process.execPath, bin, ...dump]);
      shots.note(run);
      let found: string[] = [];
      await until(
        'it is what it was',
        () => {
          found = differences(before, stillness(target.pid));
          return found.length === 0;
        },
        10_000,
      ).catch(() => expect(found, `killed in ${run.last}`).toEqual([]));
    }
    say(`${still.name}, killed in these phases of a dump: ${described(shots.hits())}`);
  });

  const restores = Math.ceil(total / 4);
  test.for([
    { program: tree, more: [] },
    { program: cProgram('connections'), more: ['--tcp-established'] },
  ])(
    `of a restore of $program.name, ${restores} times: either nothing or all of it is there`,
    {
      timeout: patience,
    },
    async ({ program, more }, { place }) => {
      const shots = createMarksman(restorePhases);
      const target = await place.start(program);
      const before = await target.paused(() => portrait(target.pid));
      for (let round = 0; round < restores; round++) {
        const images = target.images();
        const pids = target.pids();
        await criujs.dump(target.pid, images, { more });
        const { phase, delay } = shots.aim();
        const run = await killAt(phase, delay, [process.execPath, bin, 'restore', '-D', images, '--detach', ...more]);
        shots.note(run);
        const outcome = await allOrNothing(target, pids, run.last);
        if (outcome === 'nothing') await criujs.restore(images, { more });
        else await until('the network is not held', () => !isHeld());
        place.track(target.pid);
        await target.advance(3);
        expect(await target.paused(() => portrait(target.pid)), `killed in ${run.last}`).toBe(before);
      }
      await target.finish();
      say(`${program.name}, killed in these phases of a restore: ${described(shots.hits())}`);
    },
  );
});
