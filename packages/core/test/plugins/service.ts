import { arena, syscall } from '@criujs/linux';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;

function at(call: 'bind' | 'connect', fd: number, path: string): void {
  arena.scope(() => {
    const address = arena.alloc(110);
    address.view.setUint16(0, AF_UNIX, true);
    address.bytes.fill(0, 2).set(Buffer.from(path), 2);
    syscall(call, fd, address.address, address.length);
  });
}

function connect(name: string | null, path: string): number {
  const fd = syscall('socket', AF_UNIX, SOCK_STREAM, 0);
  if (name?.startsWith('/')) at('bind', fd, name);
  at('connect', fd, path);
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
      return socket.peerName ? connect(socket.name, socket.peerName) : notSupported;
    }),
  ],
});
