import { type BigIntStats, type Stats, statSync } from 'node:fs';
import { fileTypes } from '../kinds/files/file-type.ts';
import type { FileInit, Problem } from '../kinds/files/kind.ts';
import { nobody } from '../kinds/files/owner.ts';
import { unreachable } from '../kinds/files/reachable.ts';
import { recorded } from '../kinds/files/reg-entry.ts';

/** How a process has a file that it has no descriptor of: as its program, a directory, or memory. */
export interface PathUse {
  readonly pid: number;
  /** O_RDONLY when absent. */
  readonly flags?: number | undefined;
  /** What stat(2) says of the file that is meant; absent: whatever is at the path. */
  readonly stat?: BigIntStats | Stats | undefined;
}

/** Entries for files that are known by their path, one for each path, inode and flags. */
export interface PathFiles {
  /** The id of the entry, or why there can be none. */
  add(path: string, use: PathUse): number | Problem;
}

export function createPathFiles(nextId: () => number, entries: FileInit[]): PathFiles {
  const known = new Map<string, number>();
  return {
    add(path, { flags = 0, stat }) {
      const meant = stat === undefined ? look(path) : inBigInts(stat);
      if ('remedy' in meant) return meant;
      const key = `${meant.dev}:${meant.ino}:${flags}:${path}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const problem = unreachable(path, meant);
      if (problem !== null) return problem;
      const id = nextId();
      known.set(key, id);
      const reg = { id, flags, pos: 0n, fown: nobody, name: path, ...recorded(meant, flags) };
      entries.push({ type: fileTypes.REG, id, reg });
      return id;
    },
  };
}

/** The fields that are compared and recorded. */
type Identity = Pick<BigIntStats, 'dev' | 'ino' | 'mode' | 'size' | 'nlink'>;

function look(path: string): Identity | Problem {
  try {
    return statSync(path, { bigint: true });
  } catch {
    const why = 'nothing that this process can reach has that path';
    return {
      file: path,
      why,
      remedy: 'Dump from the mount namespace of the process, and keep its files in their place.',
    };
  }
}

function inBigInts({ dev, ino, mode, size, nlink }: BigIntStats | Stats): Identity {
  return { dev: BigInt(dev), ino: BigInt(ino), mode: BigInt(mode), size: BigInt(size), nlink: BigInt(nlink) };
}
