import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';

/** Would `save` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_FILE'> = () => false;

/**
 * Was crPluginDumpFile(fd, id).
 * `fd` is closed after the hook.
 * `file` tells path, kind, device and holders; the engine keeps its flags and position.
 * Answering nothing claims it.
 */
export const save: HookHandler<'DUMP_EXT_FILE'> = ({ id, file }, { log }) => {
  log.debug(`file ${id} (${file.path}) is not saved yet`);
  return notSupported;
};
