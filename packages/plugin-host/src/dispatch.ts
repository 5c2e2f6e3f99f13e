import {
  type BatchArgs,
  type BatchName,
  type HookArgs,
  type HookName,
  type HookResult,
  hookTable,
  laterOf,
  notSupported,
  retryLater,
} from '@criujs/plugin-sdk';
import { type AnsweredCall, answerRules } from './answers.ts';
import { closedLent } from './call-errors.ts';
import { identityOf } from './descriptors.ts';
import { HostError, joinErrors } from './errors.ts';
import { BadAnswer } from './invocation.ts';
import { letEnd } from './later.ts';
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

/** One call for all processes. */
interface BatchCall {
  readonly call: (args: never, context: never) => unknown;
  readonly args: BatchArgs;
  readonly resource: string | undefined;
}

/** A call of one hook, to the plugins that have it. */
export interface Dispatch<N extends HookName> {
  readonly run: Run;
  readonly hook: N;
  readonly args: HookArgs<N>;
  readonly resource: string | undefined;
  /** In the order in which they are asked. */
  readonly plugins: readonly LoadedPlugin[];
  readonly context: (resource?: string) => ContextFor;
  /** The processes that the hook is called for, one after the other; absent: nobody knows of others. */
  readonly batch?: BatchArgs | undefined;
  /** Whether the process that it is about has ended: what fails then fails nothing. */
  readonly isGone?: (() => boolean) | undefined;
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
    const batch = it.batch === undefined ? undefined : batchOf(it, it.batch, plugin);
    if (batch === 'told') continue;
    await askOne(it, plugin, batch).catch((error: HostError) => {
      if (batch === undefined && error.code === failure && it.isGone?.()) it.run.warn(passedOver(error));
      else errors.push(error);
    });
    // The engine has gone on: the program may run again by now.
    if (it.run.over || it.run.signal?.aborted) break;
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw joinErrors(`plugins failed at ${it.hook}`, [first, ...others]);
  return { claimed: false };
}

/** What failed for a process that has ended meanwhile. */
function passedOver({ message, remedy, plugin, hook, resource }: HostError): HostError {
  return new HostError('HOOK_FAILED', `passed over, since the process has ended: ${message}`, {
    ...{ remedy, plugin, hook, resource },
  });
}

const failure = 'HOOK_FAILED';

/** A plugin in the batch form is told once, at the first process. undefined: it is told of each. */
function batchOf<N extends HookName>(
  { hook, args }: Dispatch<N>,
  batch: BatchArgs,
  plugin: LoadedPlugin,
): BatchCall | 'told' | undefined {
  const call = plugin.batches.get(hook as BatchName);
  if (call === undefined) return undefined;
  if ((args as { readonly pid?: number }).pid !== batch.pids[0]) return 'told';
  const { pids } = batch;
  return { call, args: batch, resource: pids.length === 1 ? undefined : `${pids.length} processes` };
}

async function askOne<N extends HookName>(it: Dispatch<N>, plugin: LoadedPlugin, batch?: BatchCall): Promise<unknown> {
  const { run, hook, context } = it;
  const handler = batch?.call ?? plugin.handlers.get(hook);
  const { args } = batch ?? it;
  const resource = batch?.resource ?? it.resource;
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
    call: (scope) => handler?.(args as never, context(resource)(plugin, scope) as never),
    read: (answer, goesOn) =>
      mayDecline && answer === notSupported
        ? notSupported
        : readAnswer(hook, answer, { descriptors: run.descriptors, what, contain }, goesOn),
    release: async (answer) => {
      const later = laterOf(answer);
      if (later !== undefined) letEnd(later.work);
      await answerRules[hook].release?.(later === undefined ? answer : later.result, run.descriptors);
    },
  });
  if (lent === null) return asked;
  // A plugin that has closed it may have failed because of that: it is told first.
  await asked.catch(() => undefined);
  if (identityOf(lent.fd) !== lent.identity) throw closedLent(call, lent.fd);
  return asked;
}

function readAnswer(
  hook: HookName,
  answer: unknown,
  call: AnsweredCall,
  goesOn: (work: PromiseLike<unknown>) => void,
): unknown {
  const rule = answerRules[hook];
  const later = laterOf(answer);
  if (later === undefined) return rule.read(answer, call);
  goesOn(later.work);
  if (hookTable[hook].later !== true)
    throw new BadAnswer('answered work for later', 'Await it: only hooks of a restore may leave work for later.');
  if (later.result === retryLater)
    throw new BadAnswer(
      'answered retryLater with work for later',
      'Return retryLater alone: the hook is called again.',
    );
  return rule.read(later.result, call);
}

/** The descriptor that a plugin is asked about, and what it leads to. */
function lentIn(args: object): { readonly fd: number; readonly identity: string | null } | null {
  const { fd } = args as { readonly fd?: unknown };
  return typeof fd === 'number' ? { fd, identity: identityOf(fd) } : null;
}
