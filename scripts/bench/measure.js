import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.js';
import { Notes } from './notes.js';
import { freshFolder } from './place.js';
import { Target } from './target.js';
import { startWarm } from './warm.js';

/** So many calls of the library come before the first that counts; with small sizes, which say nothing of speed, fewer. */
const warmUps = { full: 3, small: 1 };
/** For so long, in milliseconds, an undisturbed target is watched. */
const calm = 50;

/** The phases of a scenario, for who shows how far it is. */
export const phases = ['dump by command', 'dump by library', 'restore by command', 'restore by library'];

/**
 * @typedef {{ place: string, programs: { target: string, limits: string }, engines: import('./engines.js').Engine[], rounds: number,
 *   small: boolean, signal: AbortSignal, onPhase(phase: string): void }} How
 */

/**
 * Measures one scenario. The commands by turns, since the times alone say more of the machine than of who is measured; whoever fails
 * is measured no further in this scenario.
 * @param {import('./scenarios.js').Scenario} scenario
 * @param {How} how
 * @returns {Promise<import('./notes.js').Result>}
 * @throws AbortError
 */
export async function measure(scenario, how) {
  const size = { ...scenario.target, ...(how.small ? scenario.small : {}) };
  const target = await Target.start(how.programs.target, size, how.place);
  const notes = new Notes(how.signal);
  const warmUp = how.small ? warmUps.small : warmUps.full;
  const imagesOf = (side) => join(how.place, `images-${side}`);
  let bytes = 0;
  let warm;

  async function dumpByCommand() {
    await byTurns(async ({ name, dump }) => {
      const images = freshFolder(imagesOf(name));
      target.reset();
      const { ms } = await run(dump(target.pid, images));
      notes.add('frozen', name, await target.gap());
      notes.add('dump', name, ms);
    }, watchCalm);
  }

  async function dumpByLibrary() {
    for (let call = -warmUp; call < how.rounds; call++) {
      how.signal.throwIfAborted();
      const images = freshFolder(imagesOf('library'));
      target.reset();
      const { ms } = await warm.dump(target.pid, images);
      const gap = await target.gap();
      if (call < 0) continue;
      notes.add('dump', 'library', ms);
      notes.add('frozen', 'library', gap);
    }
  }

  async function restoreByCommand() {
    await byTurns(async ({ name, restore, pidIn }) => {
      const ms = await restored(async () => {
        const { ms, stdout } = await run(restore(imagesOf(name)));
        return { ms, pid: pidIn(stdout) };
      });
      notes.add('restore', name, ms);
    });
  }

  async function restoreByLibrary() {
    for (let call = -warmUp; call < how.rounds; call++) {
      how.signal.throwIfAborted();
      const ms = await restored(() => warm.restore(imagesOf('library')));
      if (call >= 0) notes.add('restore', 'library', ms);
    }
  }

  /** Restores it, sees that it runs, and ends it. */
  async function restored(restore) {
    try {
      const { ms, pid } = await restore();
      await target.isRestored(pid);
      return ms;
    } finally {
      await target.end();
    }
  }

  /** What Node alone takes, and how long a target that nobody touches seems to stand still. */
  async function watchCalm() {
    const { ms } = await run([process.execPath, '-e', '0']);
    notes.add('limits', 'node', ms);
    target.reset();
    await sleep(calm);
    notes.add('limits', 'gap', await target.gap());
  }

  async function copyAndWrite() {
    bytes = Math.max(...how.engines.map(({ name }) => bytesIn(imagesOf(name))));
    if (bytes === 0) return;
    const { stdout } = await run([how.programs.limits, `${bytes}`, join(how.place, 'limits'), `${how.rounds}`]);
    for (const line of stdout.trim().split('\n')) {
      const [copy, write] = line.split(' ').map((nanoseconds) => Number(nanoseconds) / 1e6);
      notes.add('limits', 'copy', copy);
      notes.add('limits', 'write', write);
    }
  }

  /** Gives each engine its turn, as often as there are rounds. Whoever begins has colder caches: that changes too. */
  async function byTurns(body, afterRound) {
    for (let round = 0; round < how.rounds; round++) {
      const order = round % 2 === 0 ? how.engines : how.engines.toReversed();
      for (const engine of order) {
        how.signal.throwIfAborted();
        await notes.unlessFailed(engine.name, () => body(engine));
      }
      await afterRound?.();
    }
  }

  async function byLibrary(body) {
    warm ??= startWarm();
    await notes.unlessFailed('library', body);
  }

  try {
    how.onPhase(phases[0]);
    await dumpByCommand();
    await copyAndWrite();
    how.onPhase(phases[1]);
    await byLibrary(dumpByLibrary);
    await target.end();
    how.onPhase(phases[2]);
    await restoreByCommand();
    how.onPhase(phases[3]);
    await byLibrary(restoreByLibrary);
    return notes.result(scenario, bytes);
  } finally {
    await warm?.end();
    await target.remove();
    for (const name of readdirSync(how.place)) rmSync(join(how.place, name), { recursive: true });
  }
}

function bytesIn(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
