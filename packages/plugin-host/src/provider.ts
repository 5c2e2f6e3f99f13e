import { type BatchArgs, type HookName, hookTable, type Stage } from '@criujs/plugin-sdk';
import { HostError } from './errors.ts';
import type { LoadedPlugin } from './loaded.ts';

/** What an engine knows of a call beside its arguments. */
export interface CallOptions {
  /** The plugin that dumped the resource. It is asked first; at restore its absence is an error. */
  readonly provider?: string | undefined;
  /** For the error when it is missing. */
  readonly providerVersion?: string | null | undefined;
  /** What the call is about, in words, for errors. Default: made from the arguments. */
  readonly resource?: string | undefined;
  /**
   * For a hook that is called for each process: all those processes. A plugin with the batch form is called at the first of them, with
   * all, and not for the others. Default: it is called with each, alone.
   */
  readonly batch?: BatchArgs | undefined;
  /** Whether the process that the call is about has ended by now: what an observer fails with then is only logged. Default: it has not. */
  readonly isGone?: (() => boolean) | undefined;
}

interface Call extends CallOptions {
  readonly stage: Stage;
  readonly hook: HookName;
}

/**
 * Those that have the hook, the provider first: only who dumped a resource can know how to restore it.
 * @throws HostError PLUGIN_MISSING
 */
export function inOrder(plugins: readonly LoadedPlugin[], call: Call): readonly LoadedPlugin[] {
  const { stage, hook, provider } = call;
  const serving = plugins.filter((it) => it.handlers.has(hook));
  if (provider === undefined) return serving;
  const needed = stage === 'restore' && hookTable[hook].kind === 'handler';
  if (needed && plugins.every((it) => it.name !== provider)) throw missing(provider, call);
  return serving.sort((a, b) => Number(b.name === provider) - Number(a.name === provider));
}

function missing(plugin: string, { hook, resource, providerVersion }: Call): HostError {
  const known = providerVersion ? `${plugin} ${providerVersion}` : plugin;
  const remedy = `Load the plugin named ${known} that made the dump (criujs: --plugin, option \`plugins\`).`;
  const message = `${resource ?? hook} was dumped by plugin ${known}, which is not loaded`;
  return new HostError('PLUGIN_MISSING', message, { plugin, hook, resource, remedy });
}
