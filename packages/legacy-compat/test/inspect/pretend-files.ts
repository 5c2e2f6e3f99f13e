import { join, normalize } from 'node:path';
import type { OwnFiles } from '../../src/inspect/c/own-files.ts';
import { tokenize } from '../../src/inspect/c/tokens.ts';

/** Files beside a source that are only here. */
export function pretendFiles(beside: Readonly<Record<string, string>>): OwnFiles {
  return {
    open(name, from) {
      const path = normalize(join(from, '..', name));
      const text = beside[path] ?? beside[name];
      return text === undefined ? null : { name: path, words: tokenize(text, path) };
    },
  };
}
