import { arena, syscall } from '@criujs/linux';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;

function connect(path: string): number {
  const fd = syscall('socket', AF_UNIX, SOCK_STREAM, 0);
  arena.scope(() => {
    const address = arena.alloc(110);
    address.view.setUint16(0, AF_UNIX, true);
    address.bytes.write(path, 2);
    syscall('connect', fd, address.address, address.length);
  });
  return fd;
}

/** Connects again to the service that a stream socket was connected to. */
export default definePlugin({
  name: 'test-service',
  hooks: [
    hook('DUMP_UNIX_SK', ({ fd, inode, socket }) => {
      if (socket.type !== 'stream' || !socket.peerName?.startsWith('/')) return notSupported;
      record({ call: 'dump socket', inode, usable: fd > 2, ...socket });
    }),
    hook('RESTORE_UNIX_SK', ({ inode, socket }) => {
      record({ call: 'restore socket', inode, ...socket });
      return socket.peerName ? connect(socket.peerName) : notSupported;
    }),
  ],
});
