import type { PluginNames } from '@criujs/engine-kit';
import type { SessionStore } from '@criujs/engine-kit/images';
import type { HookAnswer } from '@criujs/plugin-host';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import type { BatchArgs, HookArgs, HookName } from '@criujs/plugin-sdk';

export type { SessionStore } from '@criujs/engine-kit/images';

/**
 * What every step of the engine gets. The engine runs as plain synchronous code in its own thread; hooks run on the
 * main thread, and these functions wait for them. All of them throw EngineError.
 */
export interface Session {
  readonly hooks: SessionHooks;
  readonly store: SessionStore;
  /** Says which phase of the run begins: progress for people, a place to die for crash tests. Throws when the run was aborted. */
  phase(name: string): void;
  /** The same behind the point of no return: an abort comes too late, and is not heard. */
  finalPhase(name: string): void;
  /** Throws EngineError ABORTED when the run was aborted. */
  checkAborted(): void;
  /** What the run waits for, when it takes long: told at once, and no part of the result. */
  notice(message: string): void;
  /** Something that the user should know and that fails nothing; it is in the result's `warnings`. */
  warn(message: string): void;
}

/** The plugins, seen from the engine's thread. */
export interface SessionHooks {
  /** All that are loaded, in the order in which they are asked. */
  readonly plugins: readonly PluginNames[];
  /** Whether a loaded plugin has this hook at all. */
  serves(name: HookName): boolean;
  /** What the images are to say of each plugin, once all of them have done their work. `took`: those that took a resource. */
  record(took: readonly string[]): readonly PluginRecord[];
  /**
   * Calls a hook and waits for its answer. A descriptor in the answer is a number that is valid here and stays open until
   * the run ends: duplicate it to keep it.
   * @throws EngineError with plugin, hook and resource: HOOK_TIMEOUT, HOOK_FAILED, PLUGIN_MISSING, ABORTED …
   */
  call<N extends HookName>(name: N, args: HookArgs<N>, how?: HookCallOptions): HookAnswer<N>;
  /**
   * Called just before a dump counts.
   * @throws EngineError what plugins did outside of their calls, a write into the image after the answer for example
   */
  seal(): void;
  /**
   * Called in a restore when all is made that hooks were asked for: waits for what they have left for later.
   * @throws EngineError what that failed with
   */
  settle(): void;
}

export interface HookCallOptions {
  /** For a hook that is called for each process: all of them. */
  readonly batch?: BatchArgs;
  /** Fails nothing if the process that it is about has ended meanwhile. */
  readonly mayBeGone?: boolean;
  /** The plugin that dumped this resource: asked first, and missed by name. */
  readonly provider?: string;
  /** For the error when it is missing. */
  readonly providerVersion?: string | null;
  /** The resource in words, for errors. */
  readonly resource?: string;
}
