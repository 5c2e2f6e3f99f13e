import { arena, syscall } from '@criujs/linux';
import { unreadBytes } from '../../../facts/tcp.ts';

/** How many bytes wait to be read from a TCP socket. */
export function unread(fd: number): number {
  return arena.scope(() => {
    const count = arena.alloc(4);
    syscall('ioctl', fd, unreadBytes, count.address);
    return count.view.getInt32(0, true);
  });
}
