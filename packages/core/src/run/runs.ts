import type { CheckResult, Engine } from '@criujs/engine-kit';
import type { DumpOptions, DumpResult, RestoreOptions, RestoreResult, RunOptions } from '../options.ts';
import { checkPid } from './admission.ts';
import { conduct } from './conduct.ts';
import { openImages } from './images.ts';
import { purposeOf } from './run-images.ts';

/**
 * Dumps a process and everything below it. Without `leaveRunning` the tree ends once the dump is whole.
 * @throws EngineError; the tree then runs on as if nothing had been
 */
export async function dump(options: DumpOptions): Promise<DumpResult> {
  const { pid, images, leaveRunning = false, dumpOnly = false, force = false } = options;
  checkPid(pid);
  if (options.engine !== undefined) return (await import('./other-engine.ts')).dumpBy(options.engine, options);
  const { outcome, warnings, totalMs } = await conduct({
    job: { name: 'dump', options: { pid, leaveRunning, dumpOnly } },
    options,
    stage: 'dump',
    images: (control) => openImages(images, purposeOf('dump', force, options), control),
  });
  const { processes, threads, bytes, frozenMs, plugins } = outcome;
  return { pid, processes, threads, bytes, frozenMs, totalMs, plugins, warnings: merge(outcome.warnings, warnings) };
}

/**
 * Restores a dump. Without `detach` the restored root is a child of this process, and `exited` tells its end.
 * @throws EngineError; nothing is left half restored
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { images, detach = false, newPids = false } = options;
  if (options.engine !== undefined) return (await import('./other-engine.ts')).restoreBy(options.engine, options);
  const { outcome, warnings, totalMs, exited } = await conduct({
    job: { name: 'restore', options: { newPids, detach } },
    options,
    stage: 'restore',
    images: (control) => openImages(images, purposeOf('restore', false, options), control),
    waitsForRoot: !detach,
  });
  const { pid, pids, restoreMs } = outcome;
  return {
    pid,
    pids: new Map(pids),
    restoreMs,
    totalMs,
    warnings: merge(outcome.warnings, warnings),
    ...(exited === undefined ? {} : { exited }),
  };
}

/** Tells what this kernel, its filters and these rights allow; with `engine` what that one can do here. */
export async function check(options: CheckOptions = {}): Promise<CheckResult> {
  if (options.engine !== undefined) return options.engine.check(options.signal);
  const { outcome } = await conduct({ job: { name: 'check', options: {} }, options, stage: null });
  return outcome;
}

export interface CheckOptions extends Pick<RunOptions, 'signal'> {
  readonly engine?: Engine | undefined;
}

/** The engine may tell a warning both ways. */
function merge(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
