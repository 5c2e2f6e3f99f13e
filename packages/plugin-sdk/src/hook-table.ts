import type { BatchName, ClaimableName, HookName, Hooks, LaterName } from './hooks.ts';

/** Where a hook runs under the real CRIU. The embedded engine calls all of them in its own process. */
export type HookPlace =
  /** In the process that dumps. */
  | 'dumper'
  /** In a forked child of it, inside the target's network namespace. */
  | 'network-namespace'
  /** Inside the task that is being restored. */
  | 'task'
  /** In the process that restores. */
  | 'master';

/** What is known of a hook besides its types. */
export interface HookRow<N extends HookName = HookName> {
  /** CRIU's number of the hook. */
  readonly number: number;
  readonly kind: Hooks[N]['kind'];
  /** The first release of CRIU that calls it; `after 4.2` is not released yet. */
  readonly since: string;
  readonly context: HookPlace;
  /** The hook that restores what this one took. Absent: plugins are not asked about it at a restore. */
  readonly restoredBy?: HookName;
  /** Whether it has a batch form. */
  readonly batch?: N extends BatchName ? true : never;
  /** Whether it may leave work for later. */
  readonly later?: N extends LaterName ? true : never;
}

/** All hooks in the order of CRIU's numbers. */
export const hookTable: { readonly [N in HookName]: HookRow<N> } = {
  DUMP_UNIX_SK: { number: 0, kind: 'handler', since: '1.1', context: 'dumper', restoredBy: 'RESTORE_UNIX_SK' },
  RESTORE_UNIX_SK: { number: 1, kind: 'handler', since: '1.1', context: 'task', later: true },
  DUMP_EXT_FILE: { number: 2, kind: 'handler', since: '1.1', context: 'dumper', restoredBy: 'RESTORE_EXT_FILE' },
  RESTORE_EXT_FILE: { number: 3, kind: 'handler', since: '1.1', context: 'task', later: true },
  DUMP_EXT_MOUNT: { number: 4, kind: 'handler', since: '1.1', context: 'dumper', restoredBy: 'RESTORE_EXT_MOUNT' },
  RESTORE_EXT_MOUNT: { number: 5, kind: 'handler', since: '1.1', context: 'task', later: true },
  DUMP_EXT_LINK: { number: 6, kind: 'handler', since: '1.1', context: 'network-namespace' },
  HANDLE_DEVICE_VMA: { number: 7, kind: 'handler', since: '3.17', context: 'dumper', restoredBy: 'UPDATE_VMA_MAP' },
  UPDATE_VMA_MAP: { number: 8, kind: 'handler', since: '3.17', context: 'task', later: true },
  RESUME_DEVICES_LATE: { number: 9, kind: 'observer', since: '3.17', context: 'master', batch: true },
  PAUSE_DEVICES: { number: 10, kind: 'observer', since: '4.0', context: 'dumper', batch: true },
  CHECKPOINT_DEVICES: { number: 11, kind: 'observer', since: '4.0', context: 'dumper', batch: true },
  POST_FORKING: { number: 12, kind: 'observer', since: '4.2', context: 'master', later: true },
  RESTORE_INIT: { number: 13, kind: 'observer', since: 'after 4.2', context: 'master', later: true },
  DUMP_DEVICES_LATE: { number: 14, kind: 'observer', since: 'after 4.2', context: 'dumper' },
};

/** Whether this is the name of a hook. */
export function isHookName(name: unknown): name is HookName {
  return typeof name === 'string' && Object.hasOwn(hookTable, name);
}

/** Whether this hook saves something: then a plugin may have a `claim` for it. Hooks that restore run inside the task. */
export function isClaimable(name: HookName): name is ClaimableName {
  const { kind, context } = hookTable[name];
  return kind === 'handler' && context !== 'task';
}

/** Whether this hook has a batch form. */
export function isBatchable(name: HookName): name is BatchName {
  return hookTable[name].batch === true;
}
