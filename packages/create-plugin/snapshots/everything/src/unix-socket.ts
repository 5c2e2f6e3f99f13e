import { basename } from 'node:path';
import { type HookClaim, type HookHandler, notSupported, PluginError, type UnixSocketInfo } from '@criujs/plugin-sdk';
import { connect } from './connect.ts';
import type { Options } from './options.ts';

/** What `save` leaves for `reconnect` in the plugin's own part of the images. */
interface SavedSocket {
  /** Where the service listens. */
  readonly path: string;
}

/** Would `save` take this socket? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'DUMP_UNIX_SK', Options> = ({ socket }, { options }) => {
  return pathOfService(socket, options.services) !== null;
};

/** Asked once for each socket whose other end is outside the dumped tree. */
export const save: HookHandler<'DUMP_UNIX_SK', Options> = async ({ inode, socket }, { image, log, options }) => {
  const path = pathOfService(socket, options.services);
  if (path === null) return notSupported;
  // If the service keeps state for each connection, ask for it here.
  await image.writeJson(`socket-${inode}`, { path } satisfies SavedSocket);
  log.info(`saved the connection to ${path}`);
};

/** Connects to the service again. The engine puts the connection where the old one was in each process. */
export const reconnect: HookHandler<'RESTORE_UNIX_SK', Options> = async ({ inode }, context) => {
  const { image, log, signal, options } = context;
  const { path } = await image.readJson<SavedSocket>(`socket-${inode}`);
  // Images may come from anywhere: connect only to services whose connections this plugin would have saved.
  if (!options.services.includes(basename(path))) {
    throw new PluginError(`${path} is none of this plugin's services`, {
      errno: 'EPERM',
      remedy: 'Restore with the options of the dump.',
    });
  }
  log.info(`connecting to ${path} again`);
  // If the protocol has a greeting, speak it here, up to where the program was.
  return connect(path, signal);
};

/** The path on which the service at the other end listens, if it is one of ours. */
function pathOfService({ type, peerName }: UnixSocketInfo, services: readonly string[]): string | null {
  if (type !== 'stream' || peerName === null) return null;
  return services.includes(basename(peerName)) ? peerName : null;
}
