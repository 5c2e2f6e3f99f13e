import type { Context } from './context.ts';
import type { DeviceStat, DumpedFile, RecordedFile, UnixSocketInfo } from './files.ts';
import type { FileId, MountId, Pid, SocketInode } from './ids.ts';
import type { Descriptor, Later, MountSource, NotSupported, RetryLater, VmaSource } from './results.ts';

/**
 * Every hook: its kind, its argument and its result. All other types of hooks are derived from this one.
 *
 * For a *handler* the first plugin that does not answer `notSupported` wins; an *observer* is called in every plugin.
 * A descriptor in an argument is valid during the hook only. Numbers, releases and places are in {@link hookTable}; order, the state of
 * the program and what follows a failure in `docs/guarantees.md` of the repository.
 */
export interface Hooks {
  /** A unix socket whose peer is outside the dumped tree. Returning nothing claims it. */
  DUMP_UNIX_SK: Handler<{ readonly fd: number; readonly inode: SocketInode; readonly socket: UnixSocketInfo }, void>;
  /**
   * Recreates that socket and returns a connected descriptor. A path that it was bound to is free by then, unless a living socket
   * uses it, so that the plugin can bind it.
   */
  RESTORE_UNIX_SK: Handler<{ readonly inode: SocketInode; readonly socket: UnixSocketInfo }, Descriptor>;
  /**
   * An open file that the engine cannot dump: a device, most anonymous inodes; with the embedded engine also a file that it knows
   * and would refuse, for example one that was deleted, or an end of a socket pair. Memory that is mapped from the file is mapped
   * again from what `RESTORE_EXT_FILE` opens. Answering nothing claims it.
   */
  DUMP_EXT_FILE: Handler<{ readonly fd: number; readonly id: FileId; readonly file: DumpedFile }, void>;
  /** Opens that file again. The host then sets flags and position, if the descriptor allows it. */
  RESTORE_EXT_FILE: Handler<{ readonly id: FileId; readonly file: RecordedFile }, Descriptor | RetryLater>;
  /** A mount whose source is outside the dumped tree. */
  DUMP_EXT_MOUNT: Handler<{ readonly id: MountId; readonly mountpoint: string }, void>;
  /**
   * Returns what to mount at `mountpoint`. The plugin runs outside the restored task's mount namespace, so the engine mounts it
   * there. Returning nothing means that the plugin has mounted it itself; the engine checks that there is a mount. Both paths are
   * as the restored task sees them then: `oldRoot` leads to the original file tree.
   */
  RESTORE_EXT_MOUNT: Handler<
    { readonly id: MountId; readonly mountpoint: string; readonly oldRoot: string },
    // biome-ignore lint/suspicious/noConfusingVoidType: an async handler that answers nothing has the type Promise<void>
    MountSource | void
  >;
  /** A network link: its index, its ARPHRD type and the kind that rtnetlink(7) gives. */
  DUMP_EXT_LINK: Handler<{ readonly index: number; readonly type: number; readonly kind: string }, void>;
  /**
   * A device that is mapped into memory, whether a descriptor of it is open or not. With the embedded engine `fd` was opened with
   * O_PATH. The images do not have the contents of the map. The embedded engine opens no device because of images alone: a plugin with
   * UPDATE_VMA_MAP must be loaded at the restore.
   */
  HANDLE_DEVICE_VMA: Handler<{ readonly fd: number; readonly stat: DeviceStat }, void>;
  /**
   * Returns what a device's memory map at `address` is made from; `oldOffset` in bytes. Returning nothing leaves it unchanged.
   */
  UPDATE_VMA_MAP: Handler<
    { readonly path: string; readonly address: bigint; readonly oldOffset: bigint },
    // biome-ignore lint/suspicious/noConfusingVoidType: an async handler that answers nothing has the type Promise<void>
    VmaSource | void
  >;
  /** A restored process is about to run. */
  RESUME_DEVICES_LATE: Observer<{ readonly pid: Pid }>;
  /** A process is about to be frozen, and runs. After a failure only `exit` is called: there a plugin undoes what it did here. */
  PAUSE_DEVICES: Observer<{ readonly pid: Pid }>;
  /** All processes are frozen; called for each that lives. */
  CHECKPOINT_DEVICES: Observer<{ readonly pid: Pid }>;
  /** All processes were forked at restore. */
  POST_FORKING: Observer<Record<never, never>>;
  /** A restore begins. */
  RESTORE_INIT: Observer<Record<never, never>>;
  /** The dump is almost done: the embedded engine only has memory left to copy. `pid` is the root of the tree. */
  DUMP_DEVICES_LATE: Observer<{ readonly pid: Pid }>;
}

/** The row of a hook that the first plugin to accept wins. */
export interface Handler<Args, Result> {
  readonly kind: 'handler';
  readonly args: Args;
  readonly result: Result;
}

/** The row of a hook that is called in every plugin. */
export interface Observer<Args, Result = void> {
  readonly kind: 'observer';
  readonly args: Args;
  readonly result: Result;
}

export type HookName = keyof Hooks;
export type HookKind = Hooks[HookName]['kind'];
export type HookArgs<N extends HookName> = Hooks[N]['args'];
/** What a hook answers when it accepts. */
export type HookResult<N extends HookName> = Hooks[N]['result'];
/** All that a hook may answer. Observers cannot decline; work for {@link later} is of restores only. */
export type HookReturn<N extends HookName> =
  | HookResult<N>
  | (N extends HandlerName ? NotSupported : never)
  | (N extends LaterName ? Later<Exclude<HookResult<N>, RetryLater>> : never);
export type HandlerName = { [N in HookName]: Hooks[N]['kind'] extends 'handler' ? N : never }[HookName];
export type ObserverName = Exclude<HookName, HandlerName>;

/** The hooks that may leave work for later: those of a restore that come before the tree is complete. */
export type LaterName =
  | 'RESTORE_UNIX_SK'
  | 'RESTORE_EXT_FILE'
  | 'RESTORE_EXT_MOUNT'
  | 'UPDATE_VMA_MAP'
  | 'POST_FORKING'
  | 'RESTORE_INIT';

/** The hooks that are called for each process, and once for all of them where a plugin registers their batch form. */
export type BatchName = 'PAUSE_DEVICES' | 'CHECKPOINT_DEVICES' | 'RESUME_DEVICES_LATE';

/** What the batch form of a hook is told. */
export interface BatchArgs {
  /** At least one, parents before their children. */
  readonly pids: readonly [Pid, ...Pid[]];
  /**
   * Whether these are all processes of the tree that the hook is called for. false: more calls may follow. CRIU gives one process at
   * a time and never tells the last; the embedded engine gives all at once, and one that was born after PAUSE_DEVICES by itself.
   */
  readonly isAll: boolean;
}

/** The batch form of a hook; it may be async. */
export type BatchHandler<O = unknown> = (args: BatchArgs, context: Context<O>) => void | Promise<void>;

/** The function of a hook; it may be async. */
export type HookHandler<N extends HookName, O = unknown> = (
  args: HookArgs<N>,
  context: Context<O>,
) => HookReturn<N> | Promise<HookReturn<N>>;

/** The hooks that save something: those that a plan asks about. */
export type ClaimableName = Extract<HandlerName, `DUMP_${string}` | 'HANDLE_DEVICE_VMA'>;

/**
 * What can be known of a resource without touching it: the hook's argument without descriptor and id. A plan does not look into
 * the process: `owner` of a file is null, whoever gets its signals.
 */
export type ClaimArgs<N extends ClaimableName> = Omit<HookArgs<N>, 'fd' | 'id'>;

/**
 * Whether the hook would take a resource. It looks at its argument, and at the machine if necessary; it changes nothing. `init`
 * has not run, and `context.image` cannot store parts. It may be async.
 */
export type HookClaim<N extends ClaimableName, O = unknown> = (
  args: ClaimArgs<N>,
  context: Context<O>,
) => boolean | Promise<boolean>;

/** What a hook may have besides its handler. */
export type HookExtras<N extends HookName, O = unknown> = N extends ClaimableName
  ? { readonly claim?: HookClaim<N, O> }
  : { readonly claim?: never };

/** One hook of a plugin, discriminated by `hook`; one in its batch form has a `batch` instead of a `handler`. */
export type HookRegistration<O = unknown, N extends HookName = HookName> = {
  [K in N]:
    | ({ readonly hook: K; readonly handler: HookHandler<K, O>; readonly batch?: never } & HookExtras<K, O>)
    | (K extends BatchName ? BatchRegistration<O, K> : never);
}[N];

/** A hook of a plugin in its batch form. */
export interface BatchRegistration<O = unknown, N extends BatchName = BatchName> {
  readonly hook: N;
  readonly batch: BatchHandler<O>;
  readonly handler?: never;
  readonly claim?: never;
}

/** One call of a hook, discriminated by `hook`: for logs and replay. */
export type HookCall<N extends HookName = HookName> = {
  [K in N]: { readonly hook: K; readonly args: HookArgs<K> };
}[N];
