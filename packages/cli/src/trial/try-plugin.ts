import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { EngineError } from '@criujs/core';
import { type CheckName, type CheckReport, checkNames } from '@criujs/plugin-testing';
import { PackageError } from '../registry/package-error.ts';
import { type Told, type Trial, toldOn } from './protocol.ts';
import type { Scratch } from './scratch.ts';

/** The user without rights. */
const nobody = 65_534;
/** What tells our processes from others, whatever they became. */
const mark = 'CRIUJS_CHECK';
/** Characters that it may say: reports of some checks. */
const most = 1 << 20;

/** What came of a trial. */
export interface Outcome {
  readonly loaded: Extract<Told, { kind: 'loaded' }> | null;
  /** Of all checks, in order. */
  readonly checks: readonly CheckReport[];
  /** Why it could not be loaded. */
  readonly failure: string | null;
}

export interface TryingOptions {
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Runs the conformance checks of a plugin in a process of its own: without rights, with an empty home and none of this process's
 * environment, for so long. Nothing of it is left when this returns.
 * @throws PackageError CHECK_NOT_POSSIBLE; EngineError ABORTED
 */
export async function tryPlugin(trial: Trial, scratch: Scratch, { seconds, signal }: TryingOptions): Promise<Outcome> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) scratch.giveTo(nobody);
  const token = randomUUID();
  const child = spawn(process.execPath, [programFile(), JSON.stringify(trial)], {
    cwd: scratch.home,
    env: {
      HOME: scratch.home,
      TMPDIR: scratch.temporary,
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      [mark]: token,
    },
    // It has a session of its own, so that it can be ended with all that it starts.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  try {
    const { told, complaint, late } = await listen(child, seconds, signal);
    if (signal.aborted) throw new EngineError('ABORTED', 'the check was ended');
    return outcomeOf(told, complaint, late ? seconds : null);
  } finally {
    endAll(child, token);
  }
}

/** Beside the sources, or in `dist`, wherever this is bundled. */
function programFile(): string {
  const folder = dirname(fileURLToPath(import.meta.resolve('criujs/package.json')));
  return join(folder, 'dist/trial/tried.js');
}

interface Heard {
  readonly told: readonly Told[];
  /** What Node or the plugin wrote for people. */
  readonly complaint: string;
  readonly late: boolean;
}

async function listen(child: ChildProcess, seconds: number, signal: AbortSignal): Promise<Heard> {
  const [said, complained] = [collect(child.stdio[toldOn] as Readable), collect(child.stderr as Readable)];
  let late = false;
  const end = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    late = true;
    end();
  }, seconds * 1000);
  signal.addEventListener('abort', end);
  try {
    await once(child, 'exit');
  } catch (error) {
    throw notPossible(`Node cannot be started as user ${nobody}: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  const lines = said().split('\n').slice(0, -1);
  return { told: lines.flatMap(readTold), complaint: complained().trim().split('\n').slice(-4).join('\n'), late };
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (more: string) => {
    if (text.length < most) text += more;
  });
  return () => {
    // What is left in the pipe; a process that the plugin has started may hold it open.
    for (let more = stream.read() as string | null; more !== null; more = stream.read() as string | null) text += more;
    return text;
  };
}

function readTold(line: string): readonly Told[] {
  try {
    const told = Object(JSON.parse(line)) as Told;
    return isTold(told) ? [told] : [];
  } catch {
    return [];
  }
}

/** The plugin can write here, too. */
function isTold(told: Told): boolean {
  const text = (it: unknown): boolean => typeof it === 'string';
  const tests: { readonly [K in Told['kind']]: (it: Extract<Told, { kind: K }>) => boolean } = {
    privileged: ({ why }) => text(why),
    loaded: ({ plugin, version, hooks }) =>
      text(plugin) && (version === null || text(version)) && Array.isArray(hooks) && hooks.every(text),
    failed: ({ message }) => text(message),
    checked: ({ report }) =>
      checkNames.includes(Object(report).name) && ['passed', 'failed', 'skipped'].includes(report.status),
    ready: () => true,
    done: () => true,
  };
  return Object.hasOwn(tests, told.kind) && (tests[told.kind] as (it: Told) => boolean)(told);
}

function outcomeOf(told: readonly Told[], complaint: string, late: number | null): Outcome {
  const find = <K extends Told['kind']>(kind: K) =>
    told.find((it): it is Extract<Told, { kind: K }> => it.kind === kind);
  const privileged = find('privileged');
  if (privileged !== undefined)
    throw notPossible(`the process that would run the plugin has rights: ${privileged.why}`);
  if (told.length === 0 && late === null)
    throw notPossible(`the process that would run the plugin failed: ${complaint}`);
  const reports = new Map<CheckName, CheckReport>();
  for (const it of told) if (it.kind === 'checked') reports.set(it.report.name, it.report);
  const why = late === null ? `its process ended: ${complaint}` : `it was not done after ${late} s`;
  const loaded = find('loaded') ?? null;
  const failure = find('failed')?.message ?? (loaded === null ? why : null);
  const first = checkNames.find((it) => !reports.has(it));
  const checks = checkNames.map((name): CheckReport => {
    const missing: CheckReport =
      name === first && failure === null
        ? { name, status: 'failed', why }
        : { name, status: 'skipped', why: failure === null ? `${first} did not end` : 'it cannot be loaded' };
    return reports.get(name) ?? missing;
  });
  return { loaded, checks, failure };
}

/** The group, and what left it, but not our mark. */
function endAll({ pid }: ChildProcess, token: string): void {
  if (pid === undefined) return;
  kill(-pid);
  for (const it of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) if (isMarked(it, token)) kill(Number(it));
}

function isMarked(pid: string, token: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${mark}=${token}`);
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function notPossible(why: string): PackageError {
  return new PackageError(
    'CHECK_NOT_POSSIBLE',
    `the plugin was not run: ${why}`,
    "Run it as an ordinary user: a stranger's code is not run with rights, and needs a criujs that everybody may read to run as nobody.",
  );
}
