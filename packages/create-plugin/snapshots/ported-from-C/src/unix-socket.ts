import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_UNIX_SK', Options> = () => false;

/**
 * Was radio_dump_unix_sk(int fd, int id).
 * `id` is `inode` now.
 * `fd` is closed after the hook.
 * `socket` tells both names, type, state and flags. Answering nothing claims it.
 */
export const save: HookHandler<'DUMP_UNIX_SK', Options> = ({ inode, socket }, { log }) => {
  log.debug(`socket ${inode} to ${socket.peerName} is not saved yet`);
  return notSupported;
};

/**
 * Was radio_restore_unix_sk(int id).
 * `id` is `inode` now.
 * Answer a connected descriptor: the host puts it in place and closes it.
 */
export const reconnect: HookHandler<'RESTORE_UNIX_SK', Options> = ({ inode, socket }, { log }) => {
  log.debug(`socket ${inode} to ${socket.peerName} is not connected yet`);
  return notSupported;
};
