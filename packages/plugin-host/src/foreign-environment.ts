import { readFileSync } from 'node:fs';

/**
 * Whether somebody with fewer rights may have set the environment of this process: it runs with the rights of another user, or has
 * capabilities that came with its file. credentials(7), capabilities(7)
 */
export function mayHaveForeignEnvironment(): boolean {
  const { getuid, geteuid, getgid, getegid } = process;
  if (getuid?.() !== geteuid?.() || getgid?.() !== getegid?.()) return true;
  return getuid?.() !== 0 && hasCapabilities();
}

/** Whether this process may use any capability. Where `/proc` cannot be read, nothing here works anyway. */
export function hasCapabilities(status: string = readStatus()): boolean {
  const [, permitted = '0'] = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return BigInt(`0x${permitted}`) !== 0n;
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
