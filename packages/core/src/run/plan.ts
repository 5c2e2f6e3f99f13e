import { type PlanOptions, type PlanResult, planBy } from '@criujs/engine-kit/front';

/**
 * Tells what a dump would meet: who would take each resource, or why nobody does. It looks only: nothing is frozen, no hook
 * and no `init` is called; plugins that bring a `claim` are asked. It runs on the calling thread: nothing is traced.
 * @throws EngineError NO_SUCH_PROCESS, NOT_PERMITTED …, and what is wrong with a plugin
 */
export function plan(options: PlanOptions): Promise<PlanResult> {
  return planBy(async () => (await import('../engine/plan.ts')).planTree, options);
}
