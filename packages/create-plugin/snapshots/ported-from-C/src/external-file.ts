import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_FILE', Options> = () => false;

/**
 * Was radio_dump_ext_file(int fildes, int ident).
 * `fildes` is `fd` now, `ident` is `id`.
 * `fd` is closed after the hook.
 * `file` tells path, kind, device and holders; the engine keeps its flags and position.
 * Answering nothing claims it.
 */
export const save: HookHandler<'DUMP_EXT_FILE', Options> = ({ id: ident, file }, { log }) => {
  log.debug(`file ${ident} (${file.path}) is not saved yet`);
  return notSupported;
};

/**
 * Was radio_restore_ext_file(int id, bool *retry_needed).
 * `file` is what was recorded of it. Answer a descriptor: the host puts it in place and closes it.
 * Where C set `*retry_needed`, which only newer ones have, answer `retryLater`.
 */
export const open: HookHandler<'RESTORE_EXT_FILE', Options> = ({ id, file }, { log }) => {
  log.debug(`file ${id} (${file.path}) is not opened yet`);
  return notSupported;
};
