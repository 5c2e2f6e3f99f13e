import { type HookArgs, type HookName, type HookReturn, retryLater } from '@criujs/plugin-sdk';

/** One call of a function that was written after C's signature. */
export interface OldCall {
  /** In C's order. What is a pointer to a result in C is an object with `value` here. */
  readonly args: readonly unknown[];
  /** What it may answer beside a negative errno, in words. */
  readonly wants: string;
  /** What today's hook answers instead; null: this number may not be answered. */
  accept(answer: number): { readonly result: unknown } | null;
}

/** A pointer to a result: the function sets `value`. */
interface Out<T> {
  value: T;
}

type OldHooks = { readonly [N in HookName]: (args: HookArgs<N>) => OldCall };

/** How each hook is called in the old way. Pids, ids and inodes are numbers; addresses and offsets, 64 bits in C, are bigints. */
export const oldHooks: OldHooks = {
  DUMP_UNIX_SK: ({ fd, inode }) => done(fd, inode),
  RESTORE_UNIX_SK: ({ inode }) => opens(inode),
  DUMP_EXT_FILE: ({ fd, id }) => done(fd, id),
  RESTORE_EXT_FILE: restoreFile,
  DUMP_EXT_MOUNT: ({ id, mountpoint }) => done(mountpoint, id),
  // The pointer `is_file` is NULL whenever CRIU calls this.
  RESTORE_EXT_MOUNT: ({ id, mountpoint, oldRoot }) => done(id, mountpoint, oldRoot, null),
  DUMP_EXT_LINK: ({ index, type, kind }) => done(index, type, kind),
  HANDLE_DEVICE_VMA: ({ fd, stat }) => done(fd, stat),
  UPDATE_VMA_MAP: updateVmaMap,
  RESUME_DEVICES_LATE: ({ pid }) => done(pid),
  PAUSE_DEVICES: ({ pid }) => done(pid),
  CHECKPOINT_DEVICES: ({ pid }) => done(pid),
  POST_FORKING: () => done(),
  RESTORE_INIT: () => done(),
  DUMP_DEVICES_LATE: ({ pid }) => done(pid),
};

/**
 * A function that answers 0 once it is done. CRIU would interpret a positive number differently: for DUMP_UNIX_SK it is not a
 * claim.
 */
export function done(...args: readonly unknown[]): OldCall {
  return { args, wants: '0 when it is done', accept: (answer) => (answer === 0 ? { result: undefined } : null) };
}

function opens(...args: readonly unknown[]): OldCall {
  // 0, 1 and 2 are the engine's own.
  return { args, wants: 'a descriptor from 3 on', accept: (answer) => (answer > 2 ? { result: answer } : null) };
}

/** `retry_needed` exists in CRIU after 4.2. */
function restoreFile({ id }: HookArgs<'RESTORE_EXT_FILE'>): OldCall {
  const retryNeeded: Out<boolean> = { value: false };
  const file = opens(id, retryNeeded);
  return {
    args: file.args,
    wants: `${file.wants}, or 0 after it has set retry_needed`,
    accept: (answer) => {
      if (!retryNeeded.value) return file.accept(answer);
      return answer === 0 ? { result: retryLater satisfies HookReturn<'RESTORE_EXT_FILE'> } : null;
    },
  };
}

function updateVmaMap({ path, address, oldOffset }: HookArgs<'UPDATE_VMA_MAP'>): OldCall {
  const newOffset: Out<bigint | number> = { value: oldOffset };
  const pluginFd: Out<number> = { value: -1 };
  return {
    args: [path, address, oldOffset, newOffset, pluginFd],
    wants: '0 for unchanged, or 1 for changed',
    accept: (answer) => {
      if (answer === 0) return { result: undefined };
      if (answer !== 1) return null;
      const offset = newOffset.value;
      return { result: pluginFd.value === -1 ? { offset } : { offset, fd: pluginFd.value } };
    },
  };
}
