import { errnoName, trySyscall, yamaScope } from '@criujs/linux';

/** prctl(2): PR_SET_PTRACER, "Yama", and its PR_SET_PTRACER_ANY, which is (unsigned long) -1. */
const setPtracer = 0x59616d61;
const anybody = -1;

/**
 * Lets processes that are not our ancestors trace this one, where Yama's ptrace_scope 1 forbids it. The permission belongs to the
 * process, so it survives an execve; children do not inherit it.
 * @returns the outcome, in words
 */
export function allowTracers(scope: number | null = yamaScope()): string {
  if (scope === null || scope === 0) return 'this system already lets you trace your own processes';
  if (scope > 1)
    return `this system lets only administrators trace (ptrace_scope is ${scope}): criujs run has no effect`;
  const result = trySyscall('prctl', setPtracer, anybody, 0, 0, 0);
  return result === 0
    ? 'the program may be traced by your other processes'
    : `prctl(PR_SET_PTRACER) fails with ${errnoName(-result)}`;
}
