import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.js';
import { commandOf, endFamily } from './processes.js';

/** The longest that a target may need until it is complete or runs again, in milliseconds. */
const patience = 120_000;

/** A running bench/target.c. A restored one has the same addresses. */
export class Target {
  #pid;
  #clock;
  #folder;

  constructor(pid, clock, folder) {
    this.#pid = pid;
    this.#clock = clock;
    this.#folder = folder;
  }

  /** @param {import('./scenarios.js').Size} size */
  static async start(program, size, place) {
    const folder = join(place, 'target');
    mkdirSync(folder);
    const words = Object.entries(size).map(([name, value]) => `${name}=${value}`);
    const { stdout } = await run([program, ...words, `folder=${folder}`]);
    const [pid, clock] = stdout.trim().split(' ').map(Number);
    const target = new Target(pid, clock, folder);
    try {
      await target.untilItRuns();
      return target;
    } catch (error) {
      await target.remove();
      throw error;
    }
  }

  /** It was restored, maybe under another pid: waits until it runs. */
  async isRestored(pid = this.#pid) {
    this.#pid = pid;
    await this.untilItRuns();
  }

  get pid() {
    return this.#pid;
  }

  /** Forgets the gaps so far. */
  reset() {
    this.#withMemory((memory) => writeSync(memory, Buffer.alloc(8), 0, 8, this.#clock));
  }

  /** The longest time, in milliseconds, between two readings of its clock since the reset. */
  async gap() {
    await this.untilItRuns();
    return Number(this.#seen().gap) / 1e6;
  }

  /** Waits until it has read its clock twice: it runs, and what it stood still for is counted. */
  async untilItRuns() {
    const { readings } = this.#seen();
    const begun = performance.now();
    while (this.#seen().readings < readings + 2n) {
      if (performance.now() - begun > patience) throw new Error(`the target (process ${this.#pid}) does not run`);
      await sleep(1);
    }
  }

  /** Ends it, unless it has ended and its pid is somebody else's. */
  async end() {
    if (commandOf(this.#pid).includes(`folder=${this.#folder}`)) await endFamily(this.#pid);
  }

  async remove() {
    await this.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #seen() {
    const bytes = Buffer.alloc(16);
    this.#withMemory((memory) => readSync(memory, bytes, 0, 16, this.#clock));
    return { gap: bytes.readBigInt64LE(0), readings: bytes.readBigInt64LE(8) };
  }

  #withMemory(body) {
    const memory = openSync(`/proc/${this.#pid}/mem`, 'r+');
    try {
      body(memory);
    } finally {
      closeSync(memory);
    }
  }
}
