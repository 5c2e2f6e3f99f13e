import { closeSync, openSync } from 'node:fs';

/** A device that may be mapped, and that no engine knows. */
export const mappable = '/dev/loop0';

/** Why it cannot be used here, or null. */
export const deviceMissing: string | null = whyMissing();

function whyMissing(): string | null {
  try {
    closeSync(openSync(mappable, 'r'));
    return null;
  } catch (error) {
    return `no ${mappable} (${(error as Error).message})`;
  }
}
