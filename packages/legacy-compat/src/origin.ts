import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a path may have that is also the name of a package: `chart.js`. */
const codeExtension = /\.([cm]?[jt]s|so)$/;

/** What a plugin without a name of its own is known by: the absolute path of its file or folder, or its package's name. */
export function originOf(wanted: string, cwd: string): string {
  if (wanted.startsWith('file:')) return fileURLToPath(wanted);
  const path = resolve(cwd, wanted);
  if (isAbsolute(wanted) || /^\.{1,2}([/\\]|$)/.test(wanted)) return path;
  // `chart.js` is a package, `plugin.js` a file: what is there decides, as for the host.
  return codeExtension.test(wanted) && existsSync(path) ? path : wanted;
}

/**
 * The origin as a current plugin name: `legacy-`, a readable part, and 8 digits of the origin's SHA-256. The same
 * origin gives the same name in every run, so a restore finds whoever dumped; two give two, and none is the beginning of
 * another.
 */
export function nameFromPath(origin: string): string {
  const digits = createHash('sha256').update(origin).digest('hex').slice(0, 8);
  return `legacy-${nameFromText(readable(origin)) || 'plugin'}-${digits}`;
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
function readable(origin: string): string {
  if (!/^([A-Za-z]:)?[/\\]/.test(origin)) return origin;
  const parts = origin.split(/[/\\]/);
  const name = (parts.at(-1) ?? '').replace(codeExtension, '');
  return name === 'index' ? (parts.at(-2) ?? '') : name;
}
