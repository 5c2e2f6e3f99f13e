import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of a package.json; what is larger is none. */
const largest = 4 << 20;

/**
 * The package.json of a folder; null: there is none that can be read. It runs nothing, and never waits for a pipe or a device in
 * its place.
 */
export function readPackageJson(folder: string): Readonly<Record<string, unknown>> | null {
  try {
    return Object(JSON.parse(readText(join(folder, 'package.json'))));
  } catch {
    return null;
  }
}

/** @throws Error it is not a file, or cannot be read */
function readText(file: string): string {
  if (!statSync(file).isFile()) throw new Error(`${file} is not a file`);
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(fd).size > largest) throw new Error(`${file} is too large`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
