import { Socket } from 'node:net';
import { type OwnedDescriptor, PluginError } from '@criujs/plugin-sdk';

/**
 * A connection to a service, as a descriptor that the host closes once it has been put in place. Not a byte is read: everything
 * that the service sends is for the restored program.
 */
export async function connect(path: string, signal: AbortSignal): Promise<OwnedDescriptor> {
  signal.throwIfAborted();
  const socket = new Socket({ signal }).pause();
  return new Promise((resolve, reject) => {
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const { code = 'EIO', message } = cause;
      reject(
        new PluginError(message, { errno: code, remedy: `Start the service at ${path}, then restore again.`, cause }),
      );
    });
    socket.connect(path, () => resolve({ fd: descriptorOf(socket), close: () => void socket.destroy() }));
  });
}

/** Node has no public API for the number. */
function descriptorOf(socket: Socket): number {
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return fd;
}
