import type { Context, Outcome, Stage } from '@criujs/plugin-sdk';
import type { HostError } from './errors.ts';
import type { CallScope, Invocation } from './invocation.ts';
import type { LoadedPlugin } from './loaded.ts';
import type { Run } from './run.ts';
import { runHook } from './run-hook.ts';

/** Makes what a plugin gets for one call. */
export type ContextFor = (plugin: LoadedPlugin, scope: CallScope) => Context<never>;

/**
 * Calls `init` of every plugin in order, and stops at the first that fails. `begun` gets each plugin before it is called:
 * one that failed half way has something to clean up, too.
 * @throws HostError PLUGIN_INIT_FAILED, HOOK_TIMEOUT, PLUGIN_EXITED …
 */
export async function initAll(
  plugins: readonly LoadedPlugin[],
  stage: Stage,
  run: Run,
  context: ContextFor,
  begun: LoadedPlugin[],
): Promise<void> {
  for (const plugin of plugins) {
    begun.push(plugin);
    await runHook({
      ...invocation(plugin, run, 'init'),
      failure: 'PLUGIN_INIT_FAILED',
      abortable: true,
      call: (scope) => plugin.init?.(stage, context(plugin, scope)),
    });
  }
}

/** Calls `exit` of those whose init was called, last first, whatever the others do. Gives what failed. */
export async function exitAll(
  begun: readonly LoadedPlugin[],
  stage: Stage,
  outcome: Outcome,
  run: Run,
  context: ContextFor,
): Promise<readonly HostError[]> {
  const errors: HostError[] = [];
  for (const plugin of [...begun].reverse()) {
    const exited = runHook({
      ...invocation(plugin, run, 'exit'),
      failure: 'HOOK_FAILED',
      abortable: false,
      call: (scope) => plugin.exit?.(stage, outcome, context(plugin, scope)),
    });
    await exited.catch((error: HostError) => errors.push(error));
  }
  return errors;
}

/** Nobody asked for an answer: whatever they give is ignored. */
function invocation(
  plugin: LoadedPlugin,
  run: Run,
  hook: 'init' | 'exit',
): Pick<Invocation<void>, 'run' | 'plugin' | 'home' | 'hook' | 'read'> {
  return { run, plugin: plugin.name, home: plugin.home, hook, read: () => undefined };
}
