import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take this link? Asked before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_LINK', Options> = ({ kind }, { options }) => {
  return options.linkKinds.includes(kind);
};

/**
 * Asked for each network link that CRIU does not know. A claimed link is left out of the images, and no hook
 * recreates it: make it yourself (CRIU: in an action script for `setup-namespaces`); what it was is kept here.
 */
export const save: HookHandler<'DUMP_EXT_LINK', Options> = async ({ index, type, kind }, { image, log, options }) => {
  if (!options.linkKinds.includes(kind)) return notSupported;
  await image.writeJson(`link-${index}`, { index, type, kind });
  log.warn(`link ${index} (${kind}) is not in the images: bring it back at restore`);
};
