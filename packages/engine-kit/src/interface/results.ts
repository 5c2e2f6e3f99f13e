import type { PluginSuggestion, ResourceQuestion } from '@criujs/plugin-host/manifest';
import type { HookName, LogDetails, LogLevel } from '@criujs/plugin-sdk';

/** A message of a plugin, or a warning of the engine. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  /** Without it the engine speaks. */
  readonly plugin?: string;
  readonly hook?: string;
  readonly resource?: string | undefined;
  readonly details?: LogDetails | undefined;
}

/** How a process ended. */
export type ExitStatus =
  | { readonly code: number; readonly signal?: never }
  | { readonly signal: number; readonly code?: never };

/** What a row of a plan is about. */
export type PlanSubject = 'process' | 'namespace' | 'timer' | 'memory' | 'file' | 'socket';

/** Who would take a resource. */
export type Taker =
  /** The engine itself, as this kind of file or resource. */
  | { readonly engine: string }
  /**
   * A plugin, through this hook. `claimed`: its `claim` said so. Otherwise plugins without a claim are asked at the dump, which
   * shows their answers; `plugin` is null when there are several. `asked` has all that are asked first, in order.
   */
  | {
      readonly plugin: string | null;
      readonly hook: HookName;
      readonly claimed: boolean;
      readonly asked: readonly string[];
    };

export interface PlanRow {
  readonly pid: number;
  readonly command: string;
  readonly subject: PlanSubject;
  /** In words, as a refused dump names it: `descriptors 0,1: /dev/fuse (character device 10:229)`. */
  readonly resource: string;
  /** The descriptors of this process that lead to one open file. */
  readonly descriptors?: readonly number[];
  /** That file in words, without the descriptors: `/dev/fuse (character device 10:229)`. */
  readonly file?: string;
  /** null: nobody; a dump would be refused. */
  readonly taker: Taker | null;
  /** Why the engine does not dump what it knows: plugins are asked for it instead. Absent for what only plugins know. */
  readonly reason?: string;
  /** Names of the plugins that all claim it. At a dump the first would take it. */
  readonly conflict?: readonly string[];
  /** The hook that would restore it, which no loaded plugin has: a dump that ends the tree is refused for it. */
  readonly missingHook?: HookName;
  /** Why nobody takes it, or other remarks. */
  readonly why?: string;
  readonly remedy?: string;
  /** Packages that are not loaded and whose manifest takes it, if nobody does: those that are installed first. */
  readonly suggestions?: readonly PluginSuggestion[];
}

/** A row as an engine finds it. */
export interface FoundRow extends PlanRow {
  /** What plugins can be asked about it, if nobody takes it: `suggestions` come of it. */
  readonly questions?: readonly ResourceQuestion[];
}

/** What a user may want to do. */
export type Ability = 'dump' | 'restore' | 'samePids';

/** `limited`: it works, within the limits given in `detail`. */
export interface Finding {
  readonly state: 'ok' | 'limited' | 'missing';
  /** The finding, in words. */
  readonly detail: string;
  readonly remedy?: string;
}

/** The result of one check of this machine. */
export interface CheckRow extends Finding {
  /** Stable, for programs: `ptrace`, `kcmp` … */
  readonly id: string;
  readonly title: string;
  /** What cannot be done without it; empty: nothing, it only improves things. */
  readonly needs: readonly Ability[];
}

export interface CheckResult {
  /** You can dump your own processes. */
  readonly dump: boolean;
  /** They can be restored, with pids that the kernel chooses. */
  readonly restore: boolean;
  /** They can be restored with the pids that they had. */
  readonly samePids: boolean;
  readonly kernel: string;
  readonly rows: readonly CheckRow[];
}
