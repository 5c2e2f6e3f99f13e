import { type HookArgs, type HookName, type HookResult, hookTable, notSupported } from '@criujs/plugin-sdk';
import { answerRules } from './answers.ts';
import { closedLent } from './call-errors.ts';
import { identityOf } from './descriptors.ts';
import { type HostError, joinErrors } from './errors.ts';
import type { ContextFor } from './lifecycle.ts';
import type { LoadedPlugin } from './loaded.ts';
import type { Run } from './run.ts';
import { runHook } from './run-hook.ts';

/**
 * What became of a call. `result` is what the hook answers; a descriptor in it is always an object here, whose `close()`
 * the engine calls once the descriptor is in place. Nobody claims what observers are told.
 */
export type HookAnswer<N extends HookName> =
  | {
      readonly claimed: true;
      readonly plugin: string;
      readonly version: string | undefined;
      readonly result: HookResult<N>;
    }
  | { readonly claimed: false };

/** A {@link HookAnswer} as a host gives it: never a bare number, so that an engine has one way to close a descriptor. */
export type HostAnswer<N extends HookName> =
  | (Extract<HookAnswer<N>, { claimed: true }> & { readonly result: Exclude<HookResult<N>, number> })
  | { readonly claimed: false };

/** A call of one hook, to the plugins that have it. */
export interface Dispatch<N extends HookName> {
  readonly run: Run;
  readonly hook: N;
  readonly args: HookArgs<N>;
  readonly resource: string | undefined;
  /** In the order in which they are asked. */
  readonly plugins: readonly LoadedPlugin[];
  readonly context: ContextFor;
}

/** Handlers: the first that does not decline wins; an error ends the asking. */
export async function askFirst<N extends HookName>(it: Dispatch<N>): Promise<HostAnswer<N>> {
  for (const plugin of it.plugins) {
    const result = await askOne(it, plugin);
    if (result !== notSupported) {
      return {
        claimed: true,
        plugin: plugin.name,
        version: plugin.version,
        result: result as Exclude<HookResult<N>, number>,
      };
    }
  }
  return { claimed: false };
}

/** Observers: all are told in turn, whatever the others did; then their errors are thrown as one. */
export async function tellAll<N extends HookName>(it: Dispatch<N>): Promise<HostAnswer<N>> {
  const errors: HostError[] = [];
  for (const plugin of it.plugins) {
    await askOne(it, plugin).catch((error: HostError) => errors.push(error));
    // The engine has gone on: the program may run again by now.
    if (it.run.over || it.run.signal?.aborted) break;
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw joinErrors(`plugins failed at ${it.hook}`, [first, ...others]);
  return { claimed: false };
}

const failure = 'HOOK_FAILED';

async function askOne<N extends HookName>(it: Dispatch<N>, plugin: LoadedPlugin): Promise<unknown> {
  const { run, hook, args, resource, context } = it;
  const rule = answerRules[hook];
  const mayDecline = hookTable[hook].kind === 'handler';
  const { name, home } = plugin;
  const call = { run, plugin: name, home, hook, resource, failure } as const;
  const what = resource === undefined ? hook : `${hook} of ${resource}`;
  const contain = (close: () => unknown): Promise<void> =>
    runHook({ ...call, abortable: false, call: close, read: () => undefined });
  const lent = lentIn(args);
  const asked = runHook({
    ...call,
    abortable: true,
    call: (scope) => plugin.handlers.get(hook)?.(args as never, context(plugin, scope) as never),
    read: (answer) =>
      mayDecline && answer === notSupported
        ? notSupported
        : rule.read(answer, { descriptors: run.descriptors, what, contain }),
    release: async (answer) => rule.release?.(answer, run.descriptors),
  });
  if (lent === null) return asked;
  // A plugin that has closed it may have failed because of that: it is told first.
  await asked.catch(() => undefined);
  if (identityOf(lent.fd) !== lent.identity) throw closedLent(call, lent.fd);
  return asked;
}

/** The descriptor that a plugin is asked about, and what it leads to. */
function lentIn(args: object): { readonly fd: number; readonly identity: string | null } | null {
  const { fd } = args as { readonly fd?: unknown };
  return typeof fd === 'number' ? { fd, identity: identityOf(fd) } : null;
}
