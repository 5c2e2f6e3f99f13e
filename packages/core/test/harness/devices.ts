import { constants } from 'node:fs';
import { closeFd, openPath, setPosition } from '@criujs/linux';

const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;

function opens(path: string, flags: number, position?: number): boolean {
  try {
    const fd = openPath(path, flags);
    try {
      if (position !== undefined) setPosition(fd, position);
    } finally {
      closeFd(fd);
    }
    return true;
  } catch {
    return false;
  }
}

/** A device that no engine knows and that this user may open, or null. */
export const unknownDevice: string | null =
  ['/dev/fuse', '/dev/autofs', '/dev/loop-control', '/dev/kvm', '/dev/vga_arbiter'].find(
    (path) => opens(path, O_RDWR | O_NONBLOCK) || opens(path, O_RDONLY | O_NONBLOCK),
  ) ?? null;

/** One that no engine knows and that may be mapped, to read and to write, or null. Nothing is behind it. */
export const mappableDevice: string | null = opens('/dev/loop0', O_RDWR) ? '/dev/loop0' : null;

/** One that has a position, or null. programs/external.c seeks to byte 64. */
export const seekableDevice: string | null =
  ['/dev/vcs', '/dev/vcs1', '/dev/vcsa', '/dev/loop0', '/dev/sda', '/dev/vda'].find((path) =>
    opens(path, O_RDONLY, 64),
  ) ?? null;
