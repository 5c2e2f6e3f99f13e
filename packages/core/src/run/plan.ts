import type { PlanningHost } from '@criujs/plugin-host';
import type { PlanPlugins } from '../engine/plan.ts';
import { EngineError } from '../errors.ts';
import type { PlanOptions, PlanResult, PlanRow, PlanVerdict } from '../options.ts';
import { checkOptions, checkPid, checkPlatform } from './admission.ts';
import { defaultDeadlineMs, warnOfUnpaired } from './plugins.ts';
import { guardThread, type Watchdog } from './watchdog.ts';
import { toEngineError } from './wire.ts';

/**
 * Tells what a dump would meet: who would take each resource, or why nobody does. It looks only: nothing is frozen, no hook
 * and no `init` is called; plugins that bring a `claim` are asked. It runs on the calling thread: nothing is traced.
 * @throws EngineError NO_SUCH_PROCESS, NOT_PERMITTED …, and what is wrong with a plugin
 */
export async function plan(options: PlanOptions): Promise<PlanResult> {
  const { pid, signal, onProgress, engine } = options;
  checkPid(pid);
  checkPlatform();
  checkOptions(options);
  const startedAt = performance.now();
  const guard = guardThread(options);
  try {
    checkAborted(signal);
    const { planTree } = await import('../engine/plan.ts');
    const host = await hostOf(options);
    guard.rest();
    checkAborted(signal);
    onProgress?.({ phase: 'look', elapsedMs: performance.now() - startedAt });
    const seen = await planTree(pid, pluginsOf(host, guard), () => checkAborted(signal));
    const rows = engine === undefined ? seen : seen.map((row) => engine.plan(row));
    checkAborted(signal);
    const verdict = verdictOf(rows);
    return { pid, rows, verdict, possible: verdict === 'ready' };
  } catch (error) {
    throw toEngineError(error);
  } finally {
    guard.release();
  }
}

function verdictOf(rows: readonly PlanRow[]): PlanVerdict {
  if (rows.some(({ taker }) => taker === null)) return 'refused';
  return rows.some(({ conflict }) => conflict !== undefined) ? 'conflict' : 'ready';
}

/** Without plugins nothing of the host is even read. */
async function hostOf(options: PlanOptions): Promise<PlanningHost | null> {
  const { plugins = [], pluginOptions, cwd, loaders, hookDeadline = defaultDeadlineMs, signal, onLog } = options;
  if (plugins.length === 0 && Object.keys(pluginOptions ?? {}).length === 0) return null;
  const { createPluginHost } = await import('@criujs/plugin-host');
  const given = { plugins, options: pluginOptions, cwd, loaders, deadline: hookDeadline, signal, onLog };
  const host = await createPluginHost(given);
  warnOfUnpaired(host, options);
  return host;
}

function pluginsOf(host: PlanningHost | null, guard: Watchdog): PlanPlugins {
  return {
    serves: (hook) => host?.serves(hook) ?? false,
    async claims({ hook, args }, resource) {
      guard.watch();
      return (await host?.claims(hook, args as never, { resource })) ?? [];
    },
  };
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('ABORTED', 'the run was aborted');
}
