// Saves and brings back what the engine cannot: open devices, and connections to services outside of the dumped tree.
import { openSync } from 'node:fs';
import { Socket } from 'node:net';
import { definePlugin, hook, notSupported, PluginError } from '@criujs/plugin-sdk';

/** Access modes of open(2): read, write, or both. Everything else in the flags is restored by the host. */
const accessMode = 3;

export default definePlugin({
  name: 'demo',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', async ({ id, file }, context) => {
      if (file.kind !== 'character' || file.path === null) return notSupported;
      context.log.info(`saving ${file.path}`);
      // A device with a state of its own would be asked for it here, through the descriptor `fd`.
      await context.image.writeJson(`file-${id}`, { path: file.path });
    }),

    hook('RESTORE_EXT_FILE', async ({ id, file }, context) => {
      const { path } = await context.image.readJson<{ path: string }>(`file-${id}`);
      context.log.info(`opening ${path} again`);
      return openSync(path, file.flags & accessMode);
    }),

    hook('DUMP_UNIX_SK', async ({ inode, socket }, context) => {
      if (socket.type !== 'stream' || socket.peerName === null) return notSupported;
      context.log.info(`saving the connection to ${socket.peerName}`);
      await context.image.writeJson(`socket-${inode}`, { peer: socket.peerName });
    }),

    hook('RESTORE_UNIX_SK', async ({ inode }, context) => {
      const { peer } = await context.image.readJson<{ peer: string }>(`socket-${inode}`);
      context.log.info(`connecting to ${peer} again`);
      return connect(peer, context.signal);
    }),
  ],
});

/** Connects without reading a byte: all that the service says belongs to the restored program. */
function connect(path: string, signal: AbortSignal): Promise<{ fd: number; close(): void }> {
  const socket = new Socket().pause();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => socket.destroy(signal.reason as Error), { once: true });
    socket.once('error', (cause) => {
      reject(new PluginError(`${path}: ${cause.message}`, { remedy: 'Start the service, then restore again.', cause }));
    });
    socket.connect(path, () => {
      const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
      resolve({ fd, close: () => void socket.destroy() });
    });
  });
}
