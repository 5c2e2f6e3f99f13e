import { statSync } from 'node:fs';
import type { DeviceNumber } from '@criujs/plugin-sdk';

/** The number of a device node; null: there is none at this path. */
export function deviceAt(path: string): DeviceNumber | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isCharacterDevice() ? halvesOf(found.rdev) : null;
}

/** Both halves of what stat(2) gives: 12 bits and 20, in the kernel's order (makedev(3)). */
function halvesOf(rdev: number): DeviceNumber {
  return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
}
