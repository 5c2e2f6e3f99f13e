import type { CgroupRoot } from '@criujs/core';
import { UsageError } from './usage-error.ts';

/** Reads `[CONTROLLER:]/PATH`, as criu does. @throws UsageError */
export function parseCgroupRoot(text: string): CgroupRoot {
  const [, controller, path] = /^(?:([^:/]+):)?(\/.*)$/s.exec(text) ?? [];
  if (path !== undefined) return { controller: controller ?? null, path };
  throw new UsageError(
    `--cgroup-root ${text}: this names no control group`,
    'Write it as in `--cgroup-root /new/root`, or `--cgroup-root cpu:/new/root`.',
  );
}
