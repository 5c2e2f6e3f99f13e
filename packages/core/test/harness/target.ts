import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identity, runs, state, threadsOf, treeOf } from './processes.ts';
import type { Program } from './programs.ts';
import { until } from './wait.ts';

/** A running program that checks itself. */
export class Target {
  readonly program: Program;
  readonly directory: string;
  /** The root's pid: another one after a restore with new pids. */
  pid: number;
  #images = 0;

  constructor(program: Program, directory: string, pid: number) {
    this.program = program;
    this.directory = directory;
    this.pid = pid;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** A new path for images that its user may write to. */
  images(): string {
    this.#images += 1;
    return this.path(`images-${this.#images}`);
  }

  #read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : '';
  }

  /**
   * How many ticks the log has.
   * @throws Error when the program found itself damaged, or a tick is missing or there twice (two copies of the program run)
   */
  ticks(): number {
    const output = this.#read('output');
    if (output) throw new Error(`${this.program.name} (${this.pid}) said: ${output}`);
    const lines = this.#read('log').split('\n').slice(0, -1);
    const ticks = lines.at(-1) === 'DONE' ? lines.slice(0, -1) : lines;
    ticks.forEach((line, index) => {
      if (line.startsWith('FAIL'))
        throw new Error(`${this.program.name} (${this.pid}): ${line} (after ${index} ticks)`);
      if (line !== String(index + 1)) {
        throw new Error(
          `${this.program.name} (${this.pid}): tick ${index + 1} is ${line}: ${ticks.slice(index - 3, index + 4)}`,
        );
      }
    });
    return ticks.length;
  }

  /** Waits until it has ticked some more times, each with all of its checks. */
  async advance(more: number = 8): Promise<void> {
    const goal = this.ticks() + more;
    await until(`${this.program.name} (${this.pid}, state ${state(this.pid)}) comes to tick ${goal}`, () => {
      const alive = runs(this.pid); // before the log: what it wrote last counts
      if (this.ticks() >= goal) return true;
      if (!alive) throw new Error(`${this.program.name} (${this.pid}) is gone after tick ${this.ticks()}`);
      return false;
    });
  }

  /** Lets it stand still: it goes on checking itself, but nothing of it changes. */
  async pause(): Promise<void> {
    writeFileSync(this.path('pause'), '');
    await until(`${this.program.name} pauses`, () => existsSync(this.path('paused')) || this.ticks() < 0);
  }

  async resume(): Promise<void> {
    rmSync(this.path('pause'));
    await until(`${this.program.name} goes on`, () => !existsSync(this.path('paused')));
  }

  /** Does `look` while it stands still. */
  async paused<T>(look: () => T | Promise<T>): Promise<T> {
    await this.pause();
    try {
      return await look();
    } finally {
      await this.resume();
    }
  }

  /** Asks for the last checks and an orderly end, and waits for it. */
  async finish(): Promise<void> {
    const pids = treeOf(this.pid);
    writeFileSync(this.path('finish'), '');
    await until(`${this.program.name} (${this.pid}) finishes`, () => {
      const alive = runs(this.pid);
      this.ticks();
      if (this.#read('log').endsWith('DONE\n')) return true;
      if (!alive) throw new Error(`${this.program.name} (${this.pid}) ended without its last checks`);
      return false;
    });
    for (const pid of pids) await until(`process ${pid} ends`, () => !runs(pid));
  }

  /** All processes of its tree that run: no zombies. */
  pids(): number[] {
    return treeOf(this.pid).filter(runs);
  }

  /** Who they are, with start times: the same process, not another one with its pid. */
  identities(): (string | null)[] {
    return treeOf(this.pid).map(identity);
  }

  /** Threads that stand still by force, or that somebody traces: none must be left by an engine. */
  held(): string[] {
    const rows: string[] = [];
    for (const pid of this.pids()) {
      for (const thread of threadsOf(pid)) {
        const status = readStatus(pid, thread);
        const tracer = /^TracerPid:\s+(\d+)/m.exec(status)?.[1] ?? '0';
        const now = /^State:\s+(\S)/m.exec(status)?.[1] ?? '';
        if (tracer !== '0' || now === 'T' || now === 't')
          rows.push(`thread ${thread} of ${pid}: state ${now}, tracer ${tracer}`);
      }
    }
    return rows;
  }
}

function readStatus(pid: number, thread: number): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
  } catch {
    return '';
  }
}
