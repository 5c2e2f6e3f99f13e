import { summary } from './statistics.js';

/**
 * What was measured of one scenario, in milliseconds. Who failed, or was not there, has no numbers.
 * @typedef {import('./statistics.js').Summary} Summary
 * @typedef {{ criujs?: Summary, criu?: Summary, library?: Summary }} Sides
 * @typedef {{ dump: Sides, frozen: Sides, restore: Sides }} Measures
 * @typedef {{ node: Summary, copy: Summary, write: Summary, gap: Summary }} Limits what this machine needs at least: Node's start with
 *   nothing to do, a copy and a write of the bytes of the dump, the longest gap in the clock of a target that nobody touches
 * @typedef {{ name: string, title: string, bytes: number, measures: Measures, limits: Limits, failures: string[] }} Result
 */

/** The times of one scenario, while they are taken. */
export class Notes {
  #signal;
  #times = { dump: {}, frozen: {}, restore: {}, limits: {} };
  #failures = new Map();

  constructor(signal) {
    this.#signal = signal;
  }

  add(what, side, ms) {
    const sides = this.#times[what];
    sides[side] ??= [];
    sides[side].push(ms);
  }

  /** Does something of somebody who has not failed yet, and notes it if it fails. */
  async unlessFailed(side, body) {
    if (this.#failures.has(side)) return;
    try {
      await body();
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#failures.set(side, error.message);
    }
  }

  /** @returns {Result} */
  result({ name, title }, bytes) {
    const { limits, ...measures } = mapped(this.#times, (sides) => mapped(sides, summary));
    const failures = [...this.#failures].map(([side, why]) => `${side}: ${why}`);
    return { name, title, bytes, measures, limits, failures };
  }
}

function mapped(object, body) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, body(value)]));
}
