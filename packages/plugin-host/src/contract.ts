import type {
  ClaimArgs,
  ClaimableName,
  CriuError,
  HookArgs,
  HookName,
  Outcome,
  Plugin,
  Stage,
} from '@criujs/plugin-sdk';
import type { PluginClaim } from './claims.ts';
import type { LogEntry } from './context.ts';
import type { HostAnswer } from './dispatch.ts';
import type { PluginRecord } from './facts/plugin-record.ts';
import type { ImageVersions } from './image-versions.ts';
import type { PluginLoader } from './load.ts';
import type { CallOptions } from './provider.ts';
import type { PluginCall } from './run.ts';
import type { SectionStore } from './section.ts';

/** What a host of plugins is made from. */
export interface PluginHostOptions {
  /** Names of npm packages, paths to `.js`, `.mjs` or `.ts` files, or plugins: asked in this order. */
  readonly plugins: readonly (string | Plugin)[];
  /** Where names and paths are resolved from. Default: the current directory. */
  readonly cwd?: string | undefined;
  /** Tried before the usual ones. */
  readonly loaders?: readonly PluginLoader[] | undefined;
  /** Options of plugins, by plugin name. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Where plugins' parts of the image live: an image directory, as {@link directorySections} keeps it, or a store. Without it
   * `context.image` throws.
   */
  readonly images?: string | SectionStore | undefined;
  /**
   * For a restore: the version of what each plugin wrote into the images (`imageVersion` of its {@link PluginInfo} at the
   * dump), by plugin name. A plugin that is not in it wrote version 1. Default: none is.
   */
  readonly imageVersions?: ImageVersions | undefined;
  /** Milliseconds that one call of a plugin may take. Default 10 000. While an inspector is open (`--inspect`) a call may take longer. */
  readonly deadline?: number | undefined;
  /** Aborting it ends the call that waits, and all later ones but `exit`, with code ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /** Whether the engine itself has opened a descriptor of this process: no plugin may answer it. Default: it has opened none. */
  readonly isEngines?: ((fd: number) => boolean) | undefined;
  /**
   * Is told what plugins do once a run is over, where nothing could catch it, for example in a timer: what they throw, and that
   * they tried to end the process. The process goes on, as long as it lives. Default: it takes its usual way, and may end the process.
   */
  readonly afterRun?: ((error: CriuError) => void) | undefined;
  /**
   * Told before each call of plugin code, also `load`, `options`, `claim`, `init` and `exit`: who is called last if the process does
   * not survive it. It must not throw.
   */
  readonly onCall?: ((call: PluginCall) => void) | undefined;
}

/** A loaded plugin, as it shows itself. */
export interface PluginInfo {
  readonly name: string;
  readonly version: string | undefined;
  readonly apiVersion: number;
  /** The version of what it writes into its part of the images: an engine records it at the dump. */
  readonly imageVersion: number;
  /** By which the images list it, where that is not its own name; null: they do not. */
  readonly inventoryName?: string | null;
  readonly hooks: readonly HookName[];
}

/** Plugins, ready for a run: `start`, any number of `call`, `finish`; then perhaps the next run. */
export interface PluginHost {
  /** In the order in which they are asked. */
  readonly plugins: readonly PluginInfo[];
  /** Whether any plugin has this hook. */
  serves(hook: HookName): boolean;
  /**
   * Begins a run: calls `init` of all in order. If one fails, `exit` of those whose init was called runs at once, that
   * one's too, and nothing is left to finish.
   * @throws HostError PLUGIN_IMAGE_VERSION, before any init: the images are too new for a plugin; PLUGIN_INIT_FAILED …
   */
  start(stage: Stage): Promise<void>;
  /** Asks the plugins. A descriptor in `args` stays the caller's: it closes it afterwards. */
  call<N extends HookName>(hook: N, args: HookArgs<N>, how?: CallOptions): Promise<HostAnswer<N>>;
  /**
   * An engine calls it in a restore when everything is made that hooks were asked for, before RESUME_DEVICES_LATE and before any process
   * runs. It waits for what hooks have left for later, no longer than a call may take.
   * @throws HostError HOOK_FAILED … what that failed with; HOOK_TIMEOUT, ABORTED
   */
  settle(): Promise<void>;
  /**
   * What the images are to say of each plugin, all loaded ones in order: `encodeRecords` writes it, and
   * `inventoryNames` gives what of it is in CRIU's inventory. An engine asks at the end of a dump, just after `seal`.
   * @param took names of the plugins that took a resource
   */
  record(took: Iterable<string>): readonly PluginRecord[];
  /**
   * An engine calls it just before a dump counts. It waits for what hooks that took the image and wrote nothing have left going
   * on,
   * no longer than a call may take: a write may come of it. From here on nothing that plugins did outside of their calls fails
   * the run:
   * it is among the errors of `finish`.
   * @throws HostError HOOK_FAILED … what they did so far: a write into the image after the answer, a rejection nobody handled
   */
  seal(): Promise<void>;
  /**
   * Ends a run: calls `exit` in reverse for each plugin whose `init` was called. Never throws; gives what failed. A second
   * call, or one after a failed `start`, gives the same errors again.
   */
  finish(outcome: Outcome): Promise<readonly CriuError[]>;
}

/** A host that can also be asked, in no run at all, what its plugins would do. */
export interface PlanningHost extends PluginHost {
  /**
   * Asks each plugin that has this hook, in order, whether it would take a resource. No run has to be started, and no `init`
   * is called. Never rejects: a claim that fails is an answer, too.
   */
  claims<N extends ClaimableName>(
    hook: N,
    args: ClaimArgs<N>,
    how?: Pick<CallOptions, 'resource'>,
  ): Promise<readonly PluginClaim[]>;
}
