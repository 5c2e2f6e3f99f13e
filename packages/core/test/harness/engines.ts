import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type Ended, run } from './command.ts';
import { criu, root } from './machine.ts';

export interface DumpLeg {
  readonly leaveRunning?: boolean;
  readonly more?: readonly string[];
}

export interface RestoreLeg {
  readonly newPids?: boolean;
  readonly more?: readonly string[];
}

/** How an engine's command is run. */
export interface EngineHow extends CommandOptions {
  /** The `criujs` to run; default: the checkout's own. */
  readonly bin?: string;
}

/** Something that dumps and restores: ours, or the CRIU that it must understand. */
export interface Engine {
  readonly name: string;
  /** Whether a restore waits for pids whose processes have ended, but whom init has not reaped yet. */
  readonly waitsForPids: boolean;
  /** @throws Error with everything that the engine said */
  dump(pid: number, images: string, leg?: DumpLeg, how?: EngineHow): Promise<void>;
  /** Detached; gives the root's pid. @throws Error with everything that the engine said */
  restore(images: string, leg?: RestoreLeg, how?: EngineHow): Promise<number>;
}

/** The checkout's own `criujs`. */
export const bin: string = join(root, 'packages/cli/bin/criujs.js');

/** A `criujs` command, to its end. */
export function criujsCommand(args: readonly string[], how?: EngineHow): Promise<Ended> {
  return run([process.execPath, how?.bin ?? bin, ...args], how);
}

/** What a command that failed reported. */
export interface Failure {
  readonly exitCode: number | null;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly pid?: number;
  readonly resource?: string;
  readonly plugin?: string;
  readonly hook?: string;
  readonly refusals?: readonly {
    readonly pid: number;
    readonly resource: string;
    readonly why: string;
    readonly remedy: string;
  }[];
}

/** A `criujs` command that must fail, and say so in one typed error. */
export async function criujsFails(args: readonly string[], how?: EngineHow): Promise<Failure> {
  const ended = await criujsCommand([...args, '--json'], how);
  const said = `criujs ${args.join(' ')} ended with ${ended.signal ?? ended.code}\n${ended.stdout}${ended.stderr}`;
  if (ended.code === 0 || ended.signal) throw new Error(`an error was expected: ${said}`);
  try {
    const { error } = JSON.parse(ended.stdout) as { error: Omit<Failure, 'exitCode'> };
    return { exitCode: ended.code, ...error };
  } catch {
    throw new Error(`no error in JSON: ${said}`);
  }
}

function wellEnded(ended: Ended, what: string, log: string = ''): Ended {
  if (ended.code === 0) return ended;
  throw new Error(`${what} ended with ${ended.signal ?? ended.code}\n${ended.stderr}${ended.stdout}${log}`);
}

/** Our engine, through the command line. */
export const criujs: Engine = {
  name: 'criujs',
  waitsForPids: true,
  async dump(pid, images, leg = {}, how) {
    const args = [
      'dump',
      '-t',
      String(pid),
      '-D',
      images,
      ...(leg.leaveRunning ? ['--leave-running'] : []),
      ...(leg.more ?? []),
    ];
    wellEnded(await criujsCommand(args, how), `criujs ${args.join(' ')}`);
  },
  async restore(images, leg = {}, how) {
    const args = [
      'restore',
      '-D',
      images,
      '--detach',
      '--json',
      ...(leg.newPids ? ['--new-pids'] : []),
      ...(leg.more ?? []),
    ];
    const { stdout } = wellEnded(await criujsCommand(args, how), `criujs ${args.join(' ')}`);
    return (JSON.parse(stdout) as { pid: number }).pid;
  },
};

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /Error|Warn/.test(line))
      .slice(-15)
      .join('\n');
  } catch {
    return '';
  }
}

/**
 * Without breakpoints CRIU steps its tasks from call to call until they run, and gives up when a signal of theirs, such as a
 * timer's, comes first. What it made has ended then, and it may try again.
 */
const metASignal = /stopped with \d+: /;
const mostTries = 5;

/** The real CRIU. */
export const realCriu: Engine = {
  name: 'CRIU',
  waitsForPids: false,
  async dump(pid, images, leg = {}, how) {
    mkdirSync(images, { recursive: true });
    const args = [
      'dump',
      '-t',
      String(pid),
      '-D',
      images,
      '-o',
      'dump.log',
      '-v3',
      ...(leg.leaveRunning ? ['--leave-running'] : []),
    ];
    wellEnded(await run([criu ?? '', ...args, ...(leg.more ?? [])], how), 'criu dump', tail(join(images, 'dump.log')));
  },
  async restore(images, leg = {}, how) {
    const pidfile = join(images, `restored-${performance.now()}.pid`);
    const args = ['restore', '-D', images, '-d', '--pidfile', pidfile, '-o', 'restore.log', '-v3', ...(leg.more ?? [])];
    for (let tries = 1; ; tries++) {
      const ended = await run([criu ?? '', ...args], how);
      const log = tail(join(images, 'restore.log'));
      if (ended.code !== 0 && tries < mostTries && metASignal.test(log)) continue;
      wellEnded(ended, 'criu restore', log);
      return Number(readFileSync(pidfile, 'utf8'));
    }
  },
};
