import { closeSync, readFileSync } from 'node:fs';
import { type HookArgs, type HookName, notSupported } from '@criujs/plugin-sdk';
import type { Session } from '../src/run/session.ts';

/** What a pretend plugin answers, by hook. */
export type PretendHooks = { readonly [N in HookName]?: (args: HookArgs<N>, provider: string | undefined) => unknown };

/** A session without an engine around it: images are kept in memory, hooks are plain functions. */
export interface PretendSession extends Session {
  readonly images: Map<string, Uint8Array>;
  readonly warnings: string[];
  /** Hooks that were called, in order. */
  readonly calls: { readonly hook: HookName; readonly args: unknown }[];
  /** Closes what hooks answered, as the host does when a run ends. */
  end(): void;
}

export function pretendSession(hooks: PretendHooks = {}, images: Map<string, Uint8Array> = new Map()): PretendSession {
  const calls: PretendSession['calls'] = [];
  const warnings: string[] = [];
  const answered: number[] = [];

  const call = (hook: HookName, args: unknown, how: { provider?: string } = {}): unknown => {
    calls.push({ hook, args });
    const handler = hooks[hook] as ((args: unknown, provider?: string) => unknown) | undefined;
    const result = handler === undefined ? notSupported : handler(args, how.provider);
    if (result === notSupported) return { claimed: false };
    if (typeof result === 'number') answered.push(result);
    return { claimed: true, plugin: 'pretend', version: '1.0.0', result };
  };

  return {
    images,
    warnings,
    calls,
    end() {
      for (const fd of answered) closeSync(fd);
      answered.length = 0;
    },
    hooks: {
      plugins: [],
      serves: (hook) => hooks[hook] !== undefined,
      record: () => [],
      seal: () => undefined,
      settle: () => undefined,
      call: call as Session['hooks']['call'],
    },
    store: {
      owner: null,
      read: (name) => images.get(name) ?? readFileSync(`/nowhere/${name}`),
      exists: (name) => images.has(name),
      open: () => {
        throw new Error('no descriptors here');
      },
      write: (name, bytes) => void images.set(name, bytes),
      commit: { by: 'store', run: () => undefined },
      list: () => [...images.keys()].toSorted(),
      silence: () => undefined,
    },
    finalPhase: () => undefined,
    notice: () => undefined,
    phase: () => undefined,
    checkAborted: () => undefined,
    warn: (message) => void warnings.push(message),
  };
}
