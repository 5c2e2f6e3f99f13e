import { closeSync } from 'node:fs';
import type { PluginNames } from '@criujs/engine-kit';
import type { RunPlugins } from '@criujs/engine-kit/front';
import { isGoing } from '@criujs/engine-kit/targets';
import type { PluginHost, PluginInfo } from '@criujs/plugin-host';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import {
  type Descriptor,
  type HookArgs,
  type HookName,
  type Outcome,
  type OwnedDescriptor,
  retryLater,
  type VmaSource,
} from '@criujs/plugin-sdk';
import type { Request, ServedHooks, StartedPlugins, WireAnswer } from './protocol.ts';
import { decodeError } from './wire.ts';

/** The plugins of one run, as the main thread serves them to the engine's. */
export interface ServedPlugins {
  /** Loads them, and runs their init. */
  start(): Promise<StartedPlugins>;
  call(request: Extract<Request, { kind: 'hook' }>): Promise<WireAnswer>;
  /** What the images are to say of each plugin. `took`: those that took a resource. */
  record(took: readonly string[]): readonly PluginRecord[];
  /** Before a dump counts. @throws HostError what plugins did outside of their calls */
  seal(): Promise<void>;
  /** Before the tree runs. @throws HostError what failed of that which hooks have left for later */
  settle(): Promise<void>;
  /** Closes the descriptors that hooks gave, then runs exit; answers what went wrong there. Never throws. */
  finish(outcome: Outcome): Promise<string[]>;
}

/** Serves plugins by messages that can be sent: descriptors are numbers, symbols are words. */
export function servePlugins(plugins: RunPlugins): ServedPlugins {
  const descriptors = descriptorKeeper();
  let host: PluginHost | null = null;
  return {
    async start() {
      host = await plugins.start();
      return { served: servedHooks(host), plugins: (host?.plugins ?? []).map(namesOf) };
    },
    async call({ hook, args, provider, providerVersion, resource, batch, mayBeGone }) {
      const { pid } = args as { readonly pid?: number };
      const isGone = mayBeGone === true && pid !== undefined ? () => isGoing(pid) : undefined;
      const how = { provider, providerVersion, resource, batch, isGone };
      host ??= await plugins.demand();
      const answer = await host.call(hook, args as HookArgs<HookName>, how);
      if (!answer.claimed) return { claimed: false };
      const { plugin, version } = answer;
      const result = answer.result as unknown;
      return {
        claimed: true,
        plugin,
        version,
        result: result === retryLater ? { retryLater: true } : { value: descriptors.plain(hook, result) },
      };
    },
    record: (took) => host?.record(took) ?? [],
    async seal() {
      await host?.seal();
    },
    async settle() {
      await host?.settle();
    },
    async finish(outcome) {
      return [...(await descriptors.closeAll()), ...(await plugins.finish(outcome))];
    },
  };
}

/** Rebuilds the outcome that plugins' exit is told. */
export function outcomeOf(request: Extract<Request, { kind: 'finish' }>): Outcome {
  return request.error === null ? { ok: true } : { ok: false, error: decodeError(request.error) };
}

function namesOf({ name, inventoryName }: PluginInfo): PluginNames {
  return inventoryName === undefined ? { name } : { name, inventoryName };
}

function servedHooks(host: PluginHost | null): ServedHooks {
  const served: Partial<Record<HookName, string[]>> = {};
  for (const { name, hooks } of host?.plugins ?? []) {
    for (const hook of hooks) served[hook] = [...(served[hook] ?? []), name];
  }
  return served;
}

/** Makes plain numbers of the descriptors in answers, and closes each the way its plugin asked for, once. The host limits the time of `close`. */
function descriptorKeeper(): {
  plain(hook: HookName, result: unknown): unknown;
  closeAll(): Promise<string[]>;
} {
  const numbers = new Set<number>();
  const owned: OwnedDescriptor[] = [];
  const keep = (descriptor: Descriptor): number => {
    if (typeof descriptor === 'number') {
      numbers.add(descriptor);
      return descriptor;
    }
    owned.push(descriptor);
    return descriptor.fd;
  };
  const plainOf: Partial<Record<HookName, (result: unknown) => unknown>> = {
    RESTORE_UNIX_SK: (result) => keep(result as Descriptor),
    RESTORE_EXT_FILE: (result) => keep(result as Descriptor),
    UPDATE_VMA_MAP(result) {
      if (result === undefined) return result;
      const { offset, fd } = result as VmaSource;
      return fd === undefined ? { offset } : { offset, fd: keep(fd) };
    },
  };
  return {
    plain: (hook, result) => plainOf[hook]?.(result) ?? undefined,
    async closeAll() {
      const closing = [...[...numbers].map(async (fd) => closeSync(fd)), ...owned.map(async (it) => it.close())];
      numbers.clear();
      owned.length = 0;
      const settled = await Promise.allSettled(closing);
      return settled
        .filter((it) => it.status === 'rejected')
        .map((it) => `a descriptor that a plugin opened could not be closed: ${(it.reason as Error).message}`);
    },
  };
}
