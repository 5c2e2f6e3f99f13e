import type { HookAnswer, ImageVersions, LogEntry } from '@criujs/plugin-host';
import type {
  CriuError,
  FileId,
  HandlerName,
  HookArgs,
  HookName,
  HookPlace,
  MountId,
  Outcome,
  Provider,
  RecordedFile,
  SocketInode,
  Stage,
  UnixSocketInfo,
} from '@criujs/plugin-sdk';
import type { Fault } from './faults.ts';
import type { Asked } from './observe.ts';
import type { SectionContents } from './sections.ts';
import type { PretendMap, PretendProcess } from './tree.ts';

/** One call of a hook, discriminated by `hook`. Descriptors in it are closed by now. */
export type CallReport<N extends HookName = HookName> = {
  [K in N]: {
    readonly hook: K;
    /** Where CRIU would run it. */
    readonly place: HookPlace;
    readonly args: HookArgs<K>;
    /** What it was about, in words. */
    readonly resource: string | undefined;
    /** The plugin that had to be asked first. */
    readonly provider: string | undefined;
    /** Who was asked, in order. */
    readonly asked: readonly Asked[];
    /** Absent when the call failed. */
    readonly answer?: HookAnswer<K>;
    readonly error?: CriuError;
    readonly ms: number;
  };
}[N];

/** A resource that a plugin took. */
export interface Claim {
  readonly hook: HandlerName;
  readonly plugin: string;
  readonly version: string | undefined;
  readonly resource: string | undefined;
}

/** A resource that no plugin took. */
export interface Unclaimed {
  readonly hook: HandlerName;
  readonly resource: string | undefined;
}

/** A plugin's exit, and what it was told. */
export interface ExitReport {
  readonly plugin: string;
  readonly outcome: Outcome;
  readonly error?: unknown;
}

/** What happened in a run. */
export interface RunReport {
  readonly stage: Stage;
  readonly ok: boolean;
  /** What ended the run. */
  readonly error?: CriuError;
  /** In order. */
  readonly calls: readonly CallReport[];
  readonly claims: readonly Claim[];
  readonly unclaimed: readonly Unclaimed[];
  readonly logs: readonly LogEntry[];
  /** Plugins whose init was called, in order. */
  readonly inits: readonly string[];
  /** In order. */
  readonly exits: readonly ExitReport[];
  /** What the host gave back of failing exits. */
  readonly exitErrors: readonly CriuError[];
  /** Parts of the image after the run. */
  readonly sections: SectionContents;
  /** Faults that struck. */
  readonly struck: readonly Fault[];
}

/** What a dump leaves for a restore: records as an engine keeps them, and the plugins' parts. */
export interface PretendImage {
  readonly processes: readonly PretendProcess[];
  readonly files: readonly { readonly id: FileId; readonly file: RecordedFile }[];
  readonly sockets: readonly {
    readonly inode: SocketInode;
    readonly socket: UnixSocketInfo;
    readonly provider: Provider;
  }[];
  readonly mounts: readonly { readonly id: MountId; readonly mountpoint: string; readonly provider: Provider }[];
  readonly maps: readonly (Omit<PretendMap, 'open'> & { readonly provider: Provider })[];
  readonly sections: SectionContents;
  /** The version of what each plugin wrote, by plugin name. Who is not in it wrote version 1. */
  readonly imageVersions?: ImageVersions;
  /** The plugins that a restore needs; without one of them it is refused before anybody is asked. Default: none. */
  readonly required?: readonly Provider[];
}

export interface DumpReport extends RunReport {
  /** Only of a dump that went well; a pre-dump has none. */
  readonly image?: PretendImage;
}

/** A descriptor that a plugin gave at restore. */
export interface RestoredDescriptor {
  readonly hook: 'RESTORE_EXT_FILE' | 'RESTORE_UNIX_SK' | 'UPDATE_VMA_MAP';
  readonly plugin: string;
  readonly resource: string | undefined;
  /** Its number; closed when the report is there. Look at it in `inspect` of the restore's settings. */
  readonly fd: number;
  /** What the engine sets afterwards, where the descriptor lets it; the kit does not. */
  readonly flags?: number;
  readonly position?: number | bigint;
}

export interface RestoreReport extends RunReport {
  readonly descriptors: readonly RestoredDescriptor[];
}

/** The calls of one hook, in order. */
export function callsOf<N extends HookName>(report: RunReport, hook: N): readonly CallReport<N>[] {
  return report.calls.filter((it): it is CallReport<N> & (typeof report.calls)[number] => it.hook === hook);
}
