import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file under another name first, so that it is there wholly or not at all. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.part`, bytes, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}
