import type { PlanningHost, PluginClaim } from '@criujs/plugin-host';
import type { ClaimableName, HookName } from '@criujs/plugin-sdk';
import { readOptions } from '../engine-options/read.ts';
import type { EngineOptions } from '../engine-options/table.ts';
import { EngineError } from '../errors/errors.ts';
import { toEngineError } from '../errors/to-engine-error.ts';
import type { FoundRow } from '../interface/results.ts';
import { checkOptions, checkPid, checkPlatform } from './admission.ts';
import { type CrashGuard, guardCrashes } from './crash-guard.ts';
import { noticeDebugger, watchedDeadline } from './debugging.ts';
import { namePlugins } from './installed.ts';
import type { NamedPlugins, PlanOptions, PlanResult, PlanVerdict } from './options.ts';
import { afterRunOf, defaultDeadlineMs, warnOfUnpaired } from './plugins.ts';
import { suggestForRows } from './suggestions.ts';
import { guardThread, type Watchdog } from './watchdog.ts';

/** The plugins, as a plan needs them. */
export interface PlanPlugins {
  serves(hook: HookName): boolean;
  /** What each plugin that has the hook says of it, in order. Never rejects. */
  claims(
    question: { readonly hook: ClaimableName; readonly args: unknown },
    resource: string,
  ): Promise<readonly PluginClaim[]>;
}

/**
 * Looks at a tree: one row for each resource.
 * @param options what the dump would be allowed to do
 * @param check called between two turns of the event loop; what it throws ends the look
 */
export type PlanTree = (
  pid: number,
  options: EngineOptions<'dump'>,
  plugins: PlanPlugins,
  check: () => void,
) => Promise<FoundRow[]>;

/**
 * Says what a dump would meet: who would take each resource, or why nobody does. It only looks: it freezes nothing and calls no
 * hook and no `init`; plugins that have a `claim` are asked. It runs on the calling thread, because it traces nothing.
 * @param load gives what looks at the tree
 * @throws EngineError NO_SUCH_PROCESS, NOT_PERMITTED …, and what is wrong with a plugin
 */
export async function planBy(load: () => Promise<PlanTree>, given: PlanOptions): Promise<PlanResult> {
  const { pid, signal, onProgress, engine, hookDeadline = defaultDeadlineMs, lastWords } = given;
  checkPid(pid);
  const allowed = readOptions('dump', given);
  checkPlatform();
  checkOptions(given);
  const options = await namePlugins(given).catch((error) => {
    throw toEngineError(error);
  });
  const startedAt = performance.now();
  noticeDebugger(options);
  const hookDeadlineMs = watchedDeadline(hookDeadline);
  const guard = guardThread({ plugins: options.plugins?.length ?? 0, hookDeadlineMs, lastWords: lastWords ?? 'text' });
  const crash = guardCrashes({ stage: 'plan', lastWords });
  try {
    checkAborted(signal);
    const planTree = await load();
    const host = await hostOf(options, crash);
    guard.rest();
    checkAborted(signal);
    onProgress?.({ phase: 'look', elapsedMs: performance.now() - startedAt });
    const seen = await planTree(pid, allowed, pluginsOf(host, guard), () => checkAborted(signal));
    const loaded = host?.plugins.map(({ name }) => name) ?? [];
    const rows = await suggestForRows(seen, { cwd: options.cwd, loaded }, engine?.plan);
    checkAborted(signal);
    const verdict = verdictOf(rows);
    return { pid, rows, verdict, possible: verdict === 'ready' };
  } catch (error) {
    throw toEngineError(error);
  } finally {
    guard.release();
    crash.release();
  }
}

function verdictOf(rows: PlanResult['rows']): PlanVerdict {
  if (rows.some(({ taker }) => taker === null)) return 'refused';
  return rows.some(({ conflict }) => conflict !== undefined) ? 'conflict' : 'ready';
}

/** Without plugins the host is not even loaded. */
async function hostOf(options: NamedPlugins, crash: CrashGuard): Promise<PlanningHost | null> {
  const { plugins = [], pluginOptions, cwd, loaders, hookDeadline = defaultDeadlineMs, signal, onLog } = options;
  if (plugins.length === 0 && Object.keys(pluginOptions ?? {}).length === 0) return null;
  const { createPluginHost } = await import('@criujs/plugin-host');
  const given = {
    plugins,
    options: pluginOptions,
    cwd,
    loaders,
    deadline: hookDeadline,
    signal,
    onLog,
    onCall: crash.called,
    afterRun: afterRunOf(options),
  };
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
