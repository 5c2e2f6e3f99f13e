import { errnoName, ptracer, trySyscall, yamaScope } from '@criujs/linux';

/**
 * Lets processes that are not our ancestors trace this one, where Yama's ptrace_scope 1 forbids it. The permission belongs to the
 * process, so it survives an execve; children do not inherit it.
 * @returns the outcome, in words
 */
export function allowTracers(scope: number | null = yamaScope()): string {
  if (scope === null || scope === 0) return 'this system already lets you trace your own processes';
  if (scope > 1)
    return `this system lets only administrators trace (ptrace_scope is ${scope}): criujs run has no effect`;
  const result = trySyscall('prctl', ptracer.set, ptracer.any, 0, 0, 0);
  return result === 0
    ? 'the program may be traced by your other processes'
    : `prctl(PR_SET_PTRACER) fails with ${errnoName(-result)}`;
}
