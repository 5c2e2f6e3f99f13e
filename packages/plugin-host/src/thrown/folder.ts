import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { isPackageName } from '../facts/package-name.ts';

/** No package.json that means anything is larger. */
const largestManifest = 1024 * 1024;

/** The folder that has a file, its package.json, and whether a package manager put it there. */
export interface CodeFolder {
  /** Without symbolic links. */
  readonly path: string;
  /** undefined: the folder is not a package with a name. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
  /** It lies below `node_modules`: whoever runs it is not its author. */
  readonly isInstalled: boolean;
}

/**
 * Finds the package that code belongs to: the nearest folder above it whose package.json has a name, or the code's own folder.
 * @param home a folder, without symbolic links
 */
export function folderOf(home: string): CodeFolder {
  const isInstalled = home.split(sep).includes('node_modules');
  for (let at = home; ; at = dirname(at)) {
    const manifest = manifestIn(at);
    if (isPackageName(manifest?.['name'])) return { path: at, manifest, isInstalled };
    if (dirname(at) === at || at.endsWith(`${sep}node_modules`))
      return { path: home, manifest: undefined, isInstalled };
  }
}

/** Whether a path is in a folder, and not in a package that was installed into it. */
export function isOwn(path: string, folder: string): boolean {
  return isInside(path, folder) && !relative(folder, path).split(sep).includes('node_modules');
}

/** Whether a path is in a folder. */
export function isInside(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

function manifestIn(folder: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    return text.length > largestManifest ? undefined : (Object(JSON.parse(text)) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}
