import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_MOUNT', Options> = () => false;

/**
 * Was radio_dump_ext_mount(char *mountpoint, int id).
 * Answering nothing claims it.
 */
export const save: HookHandler<'DUMP_EXT_MOUNT', Options> = ({ id, mountpoint }, { log }) => {
  log.debug(`mount ${id} at ${mountpoint} is not saved yet`);
  return notSupported;
};

/**
 * Was radio_restore_ext_mount(int id, char *mountpoint, char *old_root, int *is_file).
 * `old_root` is `oldRoot` now.
 * `is_file` is gone, CRIU never set it.
 * Do not mount: answer `{ source }`, a path as this process sees it, and the engine mounts it.
 */
export const sourceOf: HookHandler<'RESTORE_EXT_MOUNT', Options> = ({ id, mountpoint }, { log }) => {
  log.debug(`mount ${id} at ${mountpoint} is not made yet`);
  return notSupported;
};
