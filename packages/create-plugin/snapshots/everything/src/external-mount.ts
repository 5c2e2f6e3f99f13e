import { type HookClaim, type HookHandler, notSupported, PluginError } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `save` take this mount? Asked before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_MOUNT', Options> = ({ mountpoint }, { options }) => {
  return Object.hasOwn(options.mounts, mountpoint);
};

/** Asked for each mount whose source is not in the dumped tree. */
export const save: HookHandler<'DUMP_EXT_MOUNT', Options> = async ({ id, mountpoint }, { image, log, options }) => {
  if (!Object.hasOwn(options.mounts, mountpoint)) return notSupported;
  await image.writeJson(`mount-${id}`, { mountpoint });
  log.info(`${mountpoint} will be mounted again from ${options.mounts[mountpoint]}`);
};

/**
 * Returns the source of the mount on this machine: the engine bind-mounts it. The value from the images is only
 * looked up, so that they cannot make it mount anything else.
 */
export const sourceOf: HookHandler<'RESTORE_EXT_MOUNT', Options> = async ({ id }, { image, options }) => {
  const { mountpoint } = await image.readJson<{ readonly mountpoint: string }>(`mount-${id}`);
  const source = Object.hasOwn(options.mounts, mountpoint) ? options.mounts[mountpoint] : undefined;
  if (source === undefined) {
    throw new PluginError(`nobody says what is to be mounted at ${mountpoint}`, {
      errno: 'ENOENT',
      remedy: `Restore with the option mounts, and what ${mountpoint} is made from in it.`,
    });
  }
  return { source };
};
