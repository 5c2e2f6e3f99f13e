import type { FolderJob, Records } from '@criujs/engine-kit';
import type { CriuReqType, CriuRespValid } from '@criujs/images';
import { hookTable } from '@criujs/plugin-sdk';
import type { BridgeServer } from '../server/open-server.ts';
import { askRelease } from './ask-release.ts';
import { withoutBreakpoints } from './breakpoints.ts';
import { openBridge } from './bridge.ts';
import { failureOf } from './failure.ts';
import { findCriu } from './find.ts';
import { openLine } from './line.ts';
import { followLog } from './log/follow.ts';
import type { LogLine } from './log/lines.ts';
import { findNativePlugins, linkNativePlugins } from './native-plugins.ts';
import { actionScript, type OnStep } from './notify.ts';
import { encodeOptions, type RequestOptions } from './options/encode.ts';
import type { CriuOptions } from './options.ts';
import { createPhaseFinder } from './phases.ts';
import { hooksMissing, type Release } from './releases.ts';
import { type Ended, firstInherited, type Swrk, startSwrk } from './swrk.ts';
import { openWorkPlace, type WorkPlace } from './work-place.ts';

/** Milliseconds that CRIU has to clean up after an abort, which it notices at its next step. */
const abortGraceMs = 10_000;

/** The step with which a run is decided: an abort after it comes too late, and is not heard. */
const decidedAt = { dump: 'post-dump', restore: 'pre-resume' } as const;

/** One request to CRIU, and what we do meanwhile. */
export interface CriuTask {
  readonly stage: 'dump' | 'restore';
  readonly type: CriuReqType;
  /** In words: `dump 4242`. */
  readonly doing: string;
  readonly records: Records | null;
  /** The request's own options. */
  readonly opts: RequestOptions;
  /** Those that the user's options for CRIU may replace. */
  readonly defaults?: RequestOptions;
  /** Also take what no loaded plugin could restore. */
  readonly dumpOnly?: boolean;
  /** Called at each of CRIU's steps, while it waits. What it throws makes CRIU fail, and fails the run. */
  step(it: Step): Promise<void>;
}

/** A step of CRIU. */
export interface Step {
  /** CRIU's name of it: `post-dump`. */
  readonly script: string;
  /** The root of the restored tree, where CRIU tells it. */
  readonly pid: number | null;
  readonly bridge: BridgeServer | null;
  /** What has failed so far: steps of ours, then plugins. */
  failures(): readonly unknown[];
  readonly aborted: boolean;
}

/** What a run that went well came to. */
export interface CriuOutcome {
  readonly response: CriuRespValid;
  readonly bridge: BridgeServer | null;
  /** Where CRIU wrote its statistics; gone afterwards if it was a temporary one. */
  readonly workDirectory: string;
}

/** Runs one request, with everything around it, and gives what `use` makes of it. @throws what failed */
export async function runCriu<T>(
  options: CriuOptions,
  job: FolderJob,
  task: CriuTask,
  use: (outcome: CriuOutcome) => T | Promise<T>,
): Promise<T> {
  const { cwd = '.', nativePlugins = [] } = options;
  const bin = findCriu(options.bin, cwd);
  const line = openLine();
  const closing: (() => unknown)[] = [() => line.close()];
  try {
    const release = await askRelease(bin);
    warnOfHooks(job, release);
    const { opts, inherited, close } = encodeOptions(options.options ?? {}, { release, cwd, firstInherited });
    closing.push(close);
    const { logFile: logName = `${task.stage}.log`, workDirFd: wanted } = opts;
    const { images, directory: shown } = job;
    const place = openWorkPlace({ images, shown, stage: task.stage, logName, wanted });
    closing.push(() => place.close());
    const natives = findNativePlugins(nativePlugins, cwd);
    const bridge = await openBridge(job, {
      records: task.records,
      nativePlugins: natives,
      dumpOnly: task.dumpOnly ?? false,
    });
    closing.push(() => bridge?.close());
    const alone = bridge === null && natives.length > 0 ? linkNativePlugins(natives) : null;
    closing.push(() => alone?.close());
    const libraries = bridge?.environment ?? (alone === null ? {} : { CRIU_LIBS_DIR: alone.path });
    const environment = { ...withoutBreakpoints(job), ...libraries };
    const request = { ...requestOf(place, logName), ...task.defaults, ...opts, ...task.opts, workDirFd: place.workFd };
    const swrk = await startSwrk({
      bin,
      line,
      environment,
      inherited,
      terminal: task.stage === 'restore' && request.shellJob === true,
    });
    const scripts = (options.actionScripts ?? []).map((script) => actionScript(script, cwd, job.signal));
    const listeners = [...scripts, ...(options.onStep === undefined ? [] : [options.onStep])];
    const response = await converse({ swrk, task, job, bridge, place, request, listeners });
    return await use({ response, bridge, workDirectory: place.directory });
  } finally {
    for (const end of closing.reverse()) await end();
  }
}

function requestOf({ imagesFd }: WorkPlace, logFile: string): RequestOptions {
  // Level 3 names the process that CRIU is at; below it, an error could not.
  return { imagesDirFd: imagesFd, logFile, logLevel: 3, notifyScripts: true };
}

interface Conversation {
  readonly swrk: Swrk;
  readonly task: CriuTask;
  readonly job: FolderJob;
  readonly bridge: BridgeServer | null;
  readonly place: WorkPlace;
  readonly request: RequestOptions;
  readonly listeners: readonly OnStep[];
}

/** Sends the request and answers CRIU's steps, until it is done. */
async function converse({ swrk, task, job, bridge, place, request, listeners }: Conversation): Promise<CriuRespValid> {
  const { signal } = job;
  const own: unknown[] = [];
  const failures = (): readonly unknown[] => [...own, ...(bridge?.failures() ?? [])];
  let decided = false;
  const aborted = (): boolean => signal.aborted && !decided;
  const follower = followLog(place.log, createLogListener(job));
  const stopWaiting = onAbort(signal, swrk);
  let response: CriuRespValid | null;
  let ended: Ended;
  try {
    response = await swrk.ask({ type: task.type, opts: request }, async ({ script, pid, descriptors }) => {
      follower.look();
      job.phase(script);
      const external: string[] = [];
      try {
        for (const tell of listeners) {
          const answer = await tell({ script, pid, images: place.images(), descriptor: descriptors[0] ?? null });
          external.push(...(answer?.external ?? []));
        }
      } catch (error) {
        own.push(error);
      }
      try {
        await task.step({ script, pid, bridge, failures, aborted: aborted() });
      } catch (error) {
        own.push(error);
      }
      const ok = failures().length === 0 && !aborted();
      decided ||= ok && script === decidedAt[task.stage];
      return { ok, external };
    });
  } finally {
    ended = await swrk.close();
    stopWaiting();
    follower.look();
    follower.stop();
  }
  if (response?.success === true && failures().length === 0 && !aborted()) return response;
  const { doing } = task;
  const answered = response !== null;
  throw failureOf({
    doing,
    failures: failures(),
    aborted: aborted(),
    ended,
    answered,
    log: place.log,
    logForPeople: place.logForPeople,
  });
}

/** A CRIU that hangs after an abort is ended: what it leaves is worse than waiting, but not worse than waiting for ever. */
function onAbort(signal: AbortSignal, swrk: Swrk): () => void {
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    timer = setTimeout(() => swrk.kill(), abortGraceMs);
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  };
}

/** CRIU's own lines are for those who want to see everything. */
function createLogListener(job: FolderJob): (line: LogLine) => void {
  const find = createPhaseFinder((phase) => job.phase(phase));
  return (line) => {
    find(line);
    if (line.level !== 'info') job.log({ level: 'debug', message: `CRIU: ${line.message}` });
  };
}

/** Hooks that this release never calls are not an error: the plugin may work without them. */
function warnOfHooks({ host, warn }: FolderJob, release: Release): void {
  const missing = new Set(hooksMissing(release));
  for (const { name, hooks } of host?.plugins ?? []) {
    const never = hooks.filter((hook) => missing.has(hook)).map((hook) => `${hook} (since ${hookTable[hook].since})`);
    if (never.length > 0) warn(`CRIU ${release.version} never calls ${never.join(', ')} of plugin ${name}`);
  }
}
