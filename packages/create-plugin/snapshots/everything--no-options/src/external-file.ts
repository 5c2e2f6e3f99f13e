import { openSync } from 'node:fs';
import { type HookClaim, type HookHandler, notSupported, PluginError } from '@criujs/plugin-sdk';

/** The files that this plugin handles. These are devices that many machines have: put your own here. */
export const devices: readonly string[] = ['/dev/vcs', '/dev/fuse', '/dev/net/tun', '/dev/vhost-net', '/dev/autofs'];

/** What `save` leaves for `open` in the plugin's own part of the images. */
interface SavedFile {
  readonly path: string;
}

/** Would `save` take this file? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_EXT_FILE'> = ({ file }) => {
  return file.path !== null && devices.includes(file.path);
};

/** Asked once for each open file, however many descriptors of however many processes share it. */
export const save: HookHandler<'DUMP_EXT_FILE'> = async ({ id, file }, { image, log }) => {
  if (file.path === null || !devices.includes(file.path)) return notSupported;
  // If the device has its own state, ask for it here: the argument also has `fd`, a descriptor of it.
  await image.writeJson(`file-${id}`, { path: file.path } satisfies SavedFile);
  log.info(`saved ${file.path}`);
};

/** Opens the file again with the same flags. The engine sets its position, and installs it where it was in each process. */
export const open: HookHandler<'RESTORE_EXT_FILE'> = async ({ id, file }, { image, log }) => {
  const { path } = await image.readJson<SavedFile>(`file-${id}`);
  // Images may come from anywhere: open nothing that this plugin would not have saved.
  if (!devices.includes(path)) {
    throw new PluginError(`${path} is none of this plugin's devices`, {
      errno: 'EPERM',
      remedy: `Add ${path} to the devices of the plugin, or dump again.`,
    });
  }
  log.info(`opening ${path} again`);
  return openAgain(path, file.flags);
};

/** The host owns what this returns, and closes it once it is in place. */
function openAgain(path: string, flags: number): number {
  try {
    // As /proc/PID/fdinfo has them: access mode, O_APPEND, O_NONBLOCK … and nothing that would create or empty a file.
    return openSync(path, flags);
  } catch (cause) {
    const { code = 'EIO', message } = cause as NodeJS.ErrnoException;
    throw new PluginError(message, { errno: code, remedy: `See that ${path} is there and may be opened.`, cause });
  }
}
