import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectFile } from '../answers.ts';

/** What is written, and what of the folder stays as it is. */
export interface Merged {
  readonly files: readonly ProjectFile[];
  /** Paths of files that are there already and are kept. */
  readonly kept: readonly string[];
}

/** The files whose lines are added to those of one that is there already. */
const lists: readonly string[] = ['.gitignore'];

/** Puts a project's files together with those of its folder: without `force` nothing that is there is lost. */
export function mergeFiles(folder: string, files: readonly ProjectFile[], force: boolean): Merged {
  const isThere = ({ path }: ProjectFile): boolean => existsSync(join(folder, path));
  if (force) return { files, kept: [] };
  return {
    files: files
      .filter((file) => lists.includes(file.path) || !isThere(file))
      .map((file) => (isThere(file) ? withLinesOf(readFileSync(join(folder, file.path), 'utf8'), file) : file)),
    kept: files.filter((file) => !lists.includes(file.path) && isThere(file)).map(({ path }) => path),
  };
}

function withLinesOf(present: string, file: ProjectFile): ProjectFile {
  const lines = new Set(present.split(/\r?\n/).map((line) => line.trim()));
  const added = file.content.split('\n').filter((line) => line !== '' && !lines.has(line));
  const end = present === '' || present.endsWith('\n') ? '' : '\n';
  return { ...file, content: added.length === 0 ? present : `${present}${end}${added.join('\n')}\n` };
}
