import { closeSync, constants, openSync, readSync } from 'node:fs';

/** What the plugin is for. Put another one here, or several: the example holds the first that is there and opens. */
const devices: readonly string[] = ['/dev/radio'];

/** A file of the plugin's that this user may open, and the flags with which that works. */
interface Device {
  readonly path: string;
  readonly flags: number;
}

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** The first of the plugin's devices that is there and opens; null: this machine has none. */
function findDevice(): Device | null {
  const candidates = devices.flatMap((path) => [
    { path, flags: O_RDWR | O_NONBLOCK },
    { path, flags: O_RDONLY | O_NONBLOCK },
  ]);
  return candidates.find(opens) ?? null;
}

/** Opens it and reads a little, so that it has a position where it can have one. Whoever asks closes it. */
export function openDevice(): { readonly path: string; readonly fd: number } | null {
  const device = findDevice();
  if (device === null) return null;
  const fd = openSync(device.path, device.flags);
  try {
    readSync(fd, Buffer.alloc(16));
  } catch {
    // It is not for reading.
  }
  return { path: device.path, fd };
}

function opens({ path, flags }: Device): boolean {
  try {
    closeSync(openSync(path, flags));
    return true;
  } catch {
    return false;
  }
}
