import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_LINK', Options> = () => false;

/**
 * Was radio_dump_ext_link(int index, int type, char *kind).
 * Answering nothing claims it; no hook makes it again.
 */
export const save: HookHandler<'DUMP_EXT_LINK', Options> = ({ index, kind }, { log }) => {
  log.debug(`link ${index} (${kind}) is not saved yet`);
  return notSupported;
};
