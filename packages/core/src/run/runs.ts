import type { CheckResult, Engine } from '@criujs/engine-kit';
import {
  type DumpOptions,
  type DumpResult,
  dumpBy,
  type RestoreOptions,
  type RestoreResult,
  type RunOptions,
  restoreBy,
} from '@criujs/engine-kit/front';
import { embedded } from './embedded.ts';

/**
 * Dumps a process and everything below it. Without `leaveRunning` the tree ends once the dump is whole.
 * @throws EngineError; the tree then runs on as if nothing had been
 */
export function dump(options: DumpOptions): Promise<DumpResult> {
  return dumpBy(options.engine ?? embedded, options);
}

/**
 * Restores a dump. Without `detach` the restored root is a child of this process, and `exited` tells its end.
 * @throws EngineError; nothing is left half restored
 */
export function restore(options: RestoreOptions): Promise<RestoreResult> {
  return restoreBy(options.engine ?? embedded, options);
}

/** Tells what this kernel, its filters and these rights allow; with `engine` what that one can do here. */
export async function check(options: CheckOptions = {}): Promise<CheckResult> {
  const { engine = embedded, signal } = options;
  return engine.check(signal);
}

export interface CheckOptions extends Pick<RunOptions, 'signal'> {
  readonly engine?: Engine | undefined;
}
