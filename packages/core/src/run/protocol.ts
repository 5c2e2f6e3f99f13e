import type { MessagePort } from 'node:worker_threads';
import type { CheckResult, DumpOutcome, ExitStatus, PluginNames, RestoreOutcome } from '@criujs/engine-kit';
import type { StorePlace } from '@criujs/engine-kit/images';
import type { BatchArgs, HookName } from '@criujs/plugin-sdk';
import type { EngineDumpOptions, EngineRestoreOptions } from '../options.ts';
import type { WireError } from './wire.ts';

/** What each kind of run is asked and answers. */
export interface Jobs {
  dump: { options: EngineDumpOptions; outcome: DumpOutcome };
  restore: { options: EngineRestoreOptions; outcome: RestoreOutcome };
  check: { options: Record<never, never>; outcome: CheckResult };
}

export type JobName = keyof Jobs;

export type Job = { [J in JobName]: { readonly name: J; readonly options: Jobs[J]['options'] } }[JobName];

export type Outcomes = Jobs[JobName]['outcome'];

/** What the engine's thread is started with. */
export interface ThreadData {
  /** The run that it may load the engine for before it is asked, and where compiled code is kept; null: nobody knows. */
  readonly first: { readonly job: JobName; readonly codeCache: string | null } | null;
}

/** What the engine's thread is given for a run. */
export interface WorkerStart {
  readonly job: Job;
  readonly store: StorePlace;
  /** Questions and answers. */
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
  /** Of the mark of the images. */
  readonly mark: SharedArrayBuffer;
  readonly hookDeadlineMs: number;
  readonly pluginCount: number;
  /** Where the engine's thread notes its descriptors, for the host of plugins; null: there are no plugins. */
  readonly ledger: SharedArrayBuffer | null;
  readonly lastWords: 'text' | 'json';
}

/** Which plugins have which hooks, by name, in order. */
export type ServedHooks = Readonly<Partial<Record<HookName, readonly string[]>>>;

/** The plugins, once they are loaded. */
export interface StartedPlugins {
  readonly served: ServedHooks;
  readonly plugins: readonly PluginNames[];
}

/** Questions of the engine's thread. */
export type Request =
  /** Loads the plugins, runs their init; answers {@link StartedPlugins}. */
  | { readonly kind: 'start' }
  | {
      readonly kind: 'hook';
      readonly hook: HookName;
      readonly args: unknown;
      readonly provider?: string | undefined;
      readonly providerVersion?: string | null | undefined;
      readonly resource?: string | undefined;
      readonly batch?: BatchArgs | undefined;
      readonly mayBeGone?: boolean | undefined;
    }
  | { readonly kind: 'open'; readonly name: string; readonly mode: 'read' | 'write' }
  | { readonly kind: 'list' }
  /** Asks what the images are to say of the plugins; answers their records. `took`: those that took a resource. */
  | { readonly kind: 'record'; readonly took: readonly string[] }
  /** Asks, before the dump counts, whether plugins did anything outside of their calls; answers nothing. */
  | { readonly kind: 'seal' }
  /** Waits, before the tree runs, for what hooks of a restore have left for later; answers nothing. */
  | { readonly kind: 'settle' }
  /** Makes the images of a store the dump. */
  | { readonly kind: 'commit' }
  /** Runs the plugins' exit; answers the errors of exits. */
  | { readonly kind: 'finish'; readonly error: WireError | null };

/** A hook's answer on its way: symbols do not cross, descriptors are numbers. */
export type WireAnswer =
  | { readonly claimed: false }
  | {
      readonly claimed: true;
      readonly plugin: string;
      readonly version: string | undefined;
      readonly result: { readonly retryLater: true } | { readonly value: unknown };
    };

/** What the engine's thread tells unasked. */
export type Notice =
  | { readonly kind: 'phase'; readonly name: string }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'done'; readonly outcome: Outcomes; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly error: WireError }
  /** Only after the restore of a tree that stays our child. */
  | { readonly kind: 'exited'; readonly status: ExitStatus };
