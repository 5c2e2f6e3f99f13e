import { closeSync, constants, openSync } from 'node:fs';
import { devices } from '../src/external-file.ts';

/** A file of the plugin's that this user may open, and the flags with which that works. */
export interface Device {
  readonly path: string;
  readonly flags: number;
}

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** The first of the plugin's devices that is there and opens; null: this machine has none. */
export function findDevice(): Device | null {
  const candidates = devices.flatMap((path) => [
    { path, flags: O_RDWR | O_NONBLOCK },
    { path, flags: O_RDONLY | O_NONBLOCK },
  ]);
  return candidates.find(opens) ?? null;
}

function opens({ path, flags }: Device): boolean {
  try {
    closeSync(openSync(path, flags));
    return true;
  } catch {
    return false;
  }
}
