import { processesIn, runs } from './processes.ts';
import type { Target } from './target.ts';
import { until } from './wait.ts';

/**
 * What is left when an engine was killed while it restored: it may have let all of them go, or nobody may be left. Who is being killed looks
 * alive for a moment: only ticks show that they are.
 * @param pids those of the images, and `phase` the one in which it was killed
 */
export function allOrNothing(target: Target, pids: readonly number[], phase: string): Promise<'all' | 'nothing'> {
  return until(`all or nothing is left, killed in ${phase}`, async () => {
    const alive = pids.filter(runs);
    if (alive.length === 0) return processesIn(target.directory).length === 0 && 'nothing';
    if (alive.length < pids.length || target.held().length > 0) return null;
    return target.advance(3).then(
      () => 'all' as const,
      () => null,
    );
  });
}
