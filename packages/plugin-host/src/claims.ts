import type { ClaimArgs, ClaimableName } from '@criujs/plugin-sdk';
import { describe } from './describe.ts';
import type { HostError } from './errors.ts';
import { BadAnswer } from './invocation.ts';
import type { ContextFor } from './lifecycle.ts';
import type { LoadedPlugin } from './loaded.ts';
import type { Run } from './run.ts';
import { runHook } from './run-hook.ts';

/** What a plugin that has a hook says of a resource before a dump. */
export type PluginClaim =
  /** Its claim says that it would take it, or not. */
  | { readonly plugin: string; readonly says: 'yes' | 'no' }
  /** It brings no claim for this hook: what it does shows at the dump. */
  | { readonly plugin: string; readonly says: 'nothing' }
  /** Its claim threw, hung or gave an invalid answer. */
  | { readonly plugin: string; readonly says: 'failed'; readonly error: HostError };

/** A question to the plugins before a dump. */
export interface ClaimQuestion<N extends ClaimableName> {
  readonly run: Run;
  readonly hook: N;
  readonly args: ClaimArgs<N>;
  readonly resource: string | undefined;
  /** In the order in which they are asked at a dump. */
  readonly plugins: readonly LoadedPlugin[];
  readonly context: ContextFor;
}

/** Asks all of them at once, whatever the others say. Never rejects. */
export function askClaims<N extends ClaimableName>(it: ClaimQuestion<N>): Promise<PluginClaim[]> {
  return Promise.all(it.plugins.map((plugin) => askClaim(it, plugin)));
}

async function askClaim<N extends ClaimableName>(
  { run, hook, args, resource, context }: ClaimQuestion<N>,
  loaded: LoadedPlugin,
): Promise<PluginClaim> {
  const { name: plugin } = loaded;
  const claim = loaded.claims.get(hook);
  if (claim === undefined) return { plugin, says: 'nothing' };
  try {
    const taken = await runHook({
      run,
      plugin,
      home: loaded.home,
      hook: 'claim',
      resource,
      failure: 'HOOK_FAILED',
      abortable: true,
      call: (scope) => claim(args as never, context(loaded, scope) as never),
      read: readBoolean,
    });
    return { plugin, says: taken ? 'yes' : 'no' };
  } catch (error) {
    return { plugin, says: 'failed', error: error as HostError };
  }
}

function readBoolean(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  throw new BadAnswer(`answered ${describe(answer)}`, 'A claim must answer true or false, or throw.');
}
