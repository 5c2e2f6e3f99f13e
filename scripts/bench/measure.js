import { readdirSync, rmSync, statSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { summary } from './statistics.js';
import { Target } from './target.js';
import { startWarm } from './warm.js';

/** So many calls of the library come before the first that counts. */
const warmUp = 3;

/** The phases of a scenario, for who shows how far it is. */
export const phases = ['dump by command', 'dump by library', 'restore by command', 'restore by library'];

/**
 * What was measured of one scenario, in milliseconds. Who failed, or was not there, has no numbers.
 * @typedef {import('./statistics.js').Summary} Summary
 * @typedef {{ criujs?: Summary, criu?: Summary, library?: Summary }} Sides
 * @typedef {{ dump: Sides, frozen: Sides, restore: Sides }} Measures
 * @typedef {{ node: Summary, copy: Summary, write: Summary }} Limits what this machine needs for the same at least: the start of Node
 *   with nothing to do, a copy in memory and a write of the bytes that the dump has
 * @typedef {{ name: string, title: string, bytes: number, measures: Measures, limits: Limits, failures: string[] }} Result
 */

/**
 * Measures one scenario: by turns, since the times alone say more of the machine than of who is measured.
 * @param {import('./scenarios.js').Scenario} scenario
 * @param {{ place: string, programs: { target: string, limits: string }, engines: import('./engines.js').Engine[], rounds: number,
 *   small: boolean, signal: AbortSignal, onPhase(phase: string): void }} how
 * @returns {Promise<Result>}
 */
export async function measure(scenario, how) {
  const run = new Run(scenario, how);
  const size = { ...scenario.target, ...(how.small ? scenario.small : {}) };
  run.target = await Target.start(how.programs.target, size, how.place);
  try {
    how.onPhase(phases[0]);
    await run.dumpByCommand();
    how.onPhase(phases[1]);
    await run.byLibrary((warm) => run.dumpByLibrary(warm));
    await run.target.end();
    how.onPhase(phases[2]);
    await run.restoreByCommand();
    how.onPhase(phases[3]);
    await run.byLibrary((warm) => run.restoreByLibrary(warm));
    return run.result();
  } finally {
    await run.target.remove();
    for (const name of readdirSync(how.place)) rmSync(join(how.place, name), { recursive: true });
  }
}

/** What is known of a scenario that is being measured. */
class Run {
  target;
  #scenario;
  #how;
  #times = new Map();
  #failures = new Map();
  #bytes = 0;

  constructor(scenario, how) {
    this.#scenario = scenario;
    this.#how = how;
  }

  async dumpByCommand() {
    await this.#byTurns(async (engine) => {
      const images = this.#freshImages(engine.name);
      this.target.reset();
      const { ms } = await run(engine.dump(this.target.pid, images));
      this.#note('frozen', engine.name, await this.target.gap());
      this.#note('dump', engine.name, ms);
    }, () => this.#measureLimits());
  }

  async restoreByCommand() {
    await this.#byTurns(async (engine) => {
      try {
        const { ms } = await run(engine.restore(this.#images(engine.name)));
        await this.target.untilItRuns();
        this.#note('restore', engine.name, ms);
      } finally {
        await this.target.end();
      }
    });
  }

  async byLibrary(body) {
    const warm = startWarm();
    try {
      await this.#tried('library', () => body(warm));
    } finally {
      await warm.end();
    }
  }

  async dumpByLibrary(warm) {
    for (let call = 0; call < warmUp + this.#how.rounds; call++) {
      this.#how.signal.throwIfAborted();
      const images = this.#freshImages('library');
      this.target.reset();
      const ms = await warm.dump(this.target.pid, images);
      const gap = await this.target.gap();
      if (call < warmUp) continue;
      this.#note('dump', 'library', ms);
      this.#note('frozen', 'library', gap);
    }
  }

  async restoreByLibrary(warm) {
    for (let call = 0; call < warmUp + this.#how.rounds; call++) {
      this.#how.signal.throwIfAborted();
      try {
        const ms = await warm.restore(this.#images('library'));
        await this.target.untilItRuns();
        if (call >= warmUp) this.#note('restore', 'library', ms);
      } finally {
        await this.target.end();
      }
    }
  }

  /** @returns {Result} */
  result() {
    const { name, title } = this.#scenario;
    const summaries = (what) => {
      const sides = [...(this.#times.get(what) ?? [])].map(([side, times]) => [side, summary(times)]);
      return Object.fromEntries(sides);
    };
    const [dump, frozen, restore, limits] = ['dump', 'frozen', 'restore', 'limits'].map(summaries);
    const failures = [...this.#failures].map(([side, why]) => `${side}: ${why}`);
    return { name, title, bytes: this.#bytes, measures: { dump, frozen, restore }, limits, failures };
  }

  /** Lets each engine have its turn, as often as there are rounds. Who begins has colder caches: that changes too. */
  async #byTurns(body, afterRound = () => {}) {
    for (let round = 0; round < this.#how.rounds; round++) {
      const order = round % 2 === 0 ? this.#how.engines : this.#how.engines.toReversed();
      for (const engine of order) {
        this.#how.signal.throwIfAborted();
        await this.#tried(engine.name, () => body(engine));
      }
      await afterRound();
    }
  }

  /** Who fails once is measured no further in this scenario, and the others are. */
  async #tried(side, body) {
    if (this.#failures.has(side)) return;
    try {
      await body();
    } catch (error) {
      if (this.#how.signal.aborted) throw error;
      this.#failures.set(side, error.message);
    }
  }

  async #measureLimits() {
    this.#bytes ||= bytesIn(this.#images('criujs'));
    const { ms } = await run([process.execPath, '-e', '0']);
    const file = join(this.#how.place, 'limits');
    const { stdout } = await run([this.#how.programs.limits, `${this.#bytes}`, file]);
    const [copy, write] = stdout.trim().split(' ').map((nanoseconds) => Number(nanoseconds) / 1e6);
    for (const [name, value] of Object.entries({ node: ms, copy, write })) this.#note('limits', name, value);
  }

  #note(what, side, ms) {
    if (!this.#times.has(what)) this.#times.set(what, new Map());
    const sides = this.#times.get(what);
    sides.set(side, [...(sides.get(side) ?? []), ms]);
  }

  #images(side) {
    return join(this.#how.place, `images-${side}`);
  }

  #freshImages(side) {
    const images = this.#images(side);
    rmSync(images, { recursive: true, force: true });
    mkdirSync(images);
    return images;
  }
}

function bytesIn(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
