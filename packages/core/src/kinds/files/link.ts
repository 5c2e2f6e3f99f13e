import { AT_FDCWD, arena, syscall } from '@criujs/linux';

/** AT_SYMLINK_FOLLOW. linkat(2). */
const followLink = 0x400;

/**
 * Gives a file one more name.
 * @param handle a path in /proc that leads to the file: it may have lost its name
 * @throws LinuxError
 */
export function linkByHandle(handle: string, path: string): void {
  arena.scope(() => {
    const [from, to] = [arena.cstring(handle).address, arena.cstring(path).address];
    syscall('linkat', AT_FDCWD, from, AT_FDCWD, to, followLink);
  });
}
