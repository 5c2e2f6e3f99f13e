import { type HookClaim, type HookHandler, notSupported, PluginError } from '@criujs/plugin-sdk';

/** Sources of the mounts that come from outside: paths on this machine, by mountpoint. Put yours here. */
const mounts: Readonly<Record<string, string>> = { '/mnt/data': '/srv/data' };

/** Would `save` take this mount? Asked before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_MOUNT'> = ({ mountpoint }) => {
  return Object.hasOwn(mounts, mountpoint);
};

/** Asked for each mount whose source is not in the dumped tree. */
export const save: HookHandler<'DUMP_EXT_MOUNT'> = async ({ id, mountpoint }, { image, log }) => {
  if (!Object.hasOwn(mounts, mountpoint)) return notSupported;
  await image.writeJson(`mount-${id}`, { mountpoint });
  log.info(`${mountpoint} will be mounted again from ${mounts[mountpoint]}`);
};

/**
 * Returns the source of the mount on this machine: the engine bind-mounts it. The value from the images is only
 * looked up, so that they cannot make it mount anything else.
 */
export const sourceOf: HookHandler<'RESTORE_EXT_MOUNT'> = async ({ id }, { image }) => {
  const { mountpoint } = await image.readJson<{ readonly mountpoint: string }>(`mount-${id}`);
  const source = Object.hasOwn(mounts, mountpoint) ? mounts[mountpoint] : undefined;
  if (source === undefined) {
    throw new PluginError(`nobody says what is to be mounted at ${mountpoint}`, {
      errno: 'ENOENT',
      remedy: `Add ${mountpoint} to the mounts of the plugin.`,
    });
  }
  return { source };
};
