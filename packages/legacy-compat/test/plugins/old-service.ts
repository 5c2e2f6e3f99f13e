import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arena, peerName, syscall } from '@criujs/linux';

const { note } = createRequire(import.meta.url)('./note.cjs') as { note(...call: unknown[]): number };
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const stateOf = (inode: number): string => `${process.env['CRIUJS_TEST_STATE']}/socket-${inode}`;

// The old structure in camel case and TypeScript: it connects again to the service that a socket was connected to.

export async function crPluginDumpUnixSk(fd: number, inode: number): Promise<number> {
  const peer = peerName(fd);
  note('dump_unix_sk', inode, peer);
  if (!peer?.startsWith('/')) throw Object.assign(new Error('no service with a path'), { code: 'ENOTSUP' });
  writeFileSync(stateOf(inode), peer);
  return 0;
}

export function crPluginRestoreUnixSk(inode: number): number {
  note('restore_unix_sk', inode);
  const fd = syscall('socket', AF_UNIX, SOCK_STREAM, 0);
  arena.scope(() => {
    const address = arena.alloc(110);
    address.view.setUint16(0, AF_UNIX, true);
    address.bytes.write(readFileSync(stateOf(inode), 'utf8'), 2);
    syscall('connect', fd, address.address, address.length);
  });
  return fd;
}
