import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a command is that a shell would find; null: nowhere. An empty entry of PATH is left out. */
export function findInPath(name: string, path: string = process.env['PATH'] ?? ''): string | null {
  if (name.includes('/')) return null;
  const files = path.split(delimiter).flatMap((folder) => (folder === '' ? [] : [join(folder, name)]));
  return files.find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
