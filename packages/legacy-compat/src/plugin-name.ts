import { createHash } from 'node:crypto';

const inPackages = '/node_modules/';

/**
 * The name of a plugin that has none but its path, as a name of today: `legacy-`, a readable part, and 8 digits of the
 * path's SHA-256. The same path gives the same name in every run, so a restore finds whoever dumped; two paths give two
 * names, and none is the beginning of another. Of a package it is the path inside `node_modules` that counts: the
 * package may be installed anywhere.
 */
export function nameFromPath(path: string): string {
  const plain = path.replaceAll('\\', '/');
  const at = plain.lastIndexOf(inPackages);
  const identity = at < 0 ? plain : plain.slice(at + inPackages.length);
  const digits = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  return `legacy-${nameFromText(readable(identity, at >= 0)) || 'plugin'}-${digits}`;
}

/** Any text as what the contract lets a name be; empty when nothing of it can. */
export function nameFromText(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
}

/** A package's name, the name of a file, or of the folder of an `index.js`. */
function readable(identity: string, isPackage: boolean): string {
  const parts = identity.split('/');
  if (isPackage) return parts.slice(0, identity.startsWith('@') ? 2 : 1).join('-');
  const name = (parts.at(-1) ?? '').replace(/\.[^.]+$/, '');
  return name === 'index' ? (parts.at(-2) ?? '') : name;
}
