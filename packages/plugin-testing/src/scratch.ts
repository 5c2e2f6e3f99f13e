import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders that are there now. */
const folders = new Set<string>();

/** A new temporary folder; what nobody removed goes with the process. */
export function makeScratch(): string {
  if (folders.size === 0) process.on('exit', removeAll);
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'criujs-'));
  folders.add(folder);
  return folder;
}

/** Removes such a folder and all in it. */
export function removeScratch(folder: string): void {
  if (!folders.delete(folder)) return;
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  if (folders.size === 0) process.off('exit', removeAll);
}

function removeAll(): void {
  for (const folder of [...folders]) removeScratch(folder);
}
