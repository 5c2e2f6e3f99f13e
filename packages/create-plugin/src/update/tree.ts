import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateError } from '../create-error.ts';

/** One file that an update would write; `before` is null for a new one, `after` for one that goes. */
export interface Change {
  /** Relative to the project's folder, with slashes. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** A project's files in memory: migrations read and write here, and the disk learns of it when all have succeeded. */
export interface Tree {
  /** The file's text as the migrations so far left it, or null where there is none. */
  read(path: string): string | null;
  write(path: string, content: string): void;
  remove(path: string): void;
  /** What differs from the beginning, sorted by path. */
  changes(): readonly Change[];
}

/** A tree over anything that reads a file's text, or tells that there is none. */
export function createTree(readOriginal: (path: string) => string | null): Tree {
  const originals = new Map<string, string | null>();
  const current = new Map<string, string | null>();
  const original = (path: string): string | null => {
    if (!originals.has(path)) originals.set(path, readOriginal(path));
    return originals.get(path) ?? null;
  };
  const set = (path: string, content: string | null): void => {
    checkPath(path);
    original(path);
    current.set(path, content);
  };
  return {
    read(path) {
      checkPath(path);
      return current.has(path) ? (current.get(path) ?? null) : original(path);
    },
    write: set,
    remove: (path) => set(path, null),
    changes: () =>
      [...current]
        .map(([path, after]) => ({ path, before: original(path), after }))
        .filter(({ before, after }) => before !== after)
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** The tree of a folder on disk. */
export function openTree(folder: string): Tree {
  return createTree((path) => readText(join(folder, path)));
}

function readText(file: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new CreateError(
      'FILE_ACCESS',
      `${file} cannot be read: ${message}`,
      'Make it a readable text file, and try again.',
      error,
    );
  }
}

/** Migrations are ours, so this is a net for slips and no defence. */
function checkPath(path: string): void {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || path.includes('\\')) {
    throw new Error(`'${path}' is not a path inside of the project`);
  }
}
