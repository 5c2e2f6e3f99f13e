import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { readPlain } from '../read-plain.ts';
import { type Directive, type Token, tokenize } from './tokens.ts';

/** A file that a source includes. */
export interface OwnFile {
  /** By its path from the folder of the plugin's source. */
  readonly name: string;
  readonly words: readonly (Token | Directive)[];
}

/** The author's own files beside a source. */
export interface OwnFiles {
  /** @param from the including file, as its words name it. null: it is not there; a text: why it is not read */
  open(name: string, from: string): OwnFile | string | null;
}

/** Of one plugin, together. Its files are read once, however often they are included. */
const most = { files: 200, bytes: 8 << 20 };

/** Where else than beside the file that includes them headers often are. */
const folders = ['.', 'include', '../include'];

/** For a text that has no files beside it. */
export const noFiles: OwnFiles = { open: () => null };

/** Reads what is included from beside a source, and from its folder `include`: what cc finds without being told, and with -I. */
export function ownFiles(path: string): OwnFiles & { readonly paths: () => readonly string[] } {
  const folder = dirname(path);
  const known = new Map<string, OwnFile | string>();
  let bytes = 0;
  return {
    paths: () => [...known.keys()],
    open(name, from) {
      if (isAbsolute(name)) return null;
      const places = [join(folder, dirname(from)), ...folders.map((it) => join(folder, it))];
      const found = places.map((it) => join(it, name)).find((it) => existsSync(it));
      if (found === undefined) return null;
      const file = known.get(found) ?? read(found);
      known.set(found, file);
      return file;
    },
  };

  function read(file: string): OwnFile | string {
    if (known.size >= most.files) return `it is one of more than ${most.files} files`;
    const name = relative(folder, file) || basename(file);
    try {
      const data = readPlain(file, most.bytes - bytes);
      if ('kind' in data) return data.kind === 'strange' ? 'it is not a plain file' : 'there is too much to read';
      bytes += data.byteLength;
      return { name, words: tokenize(new TextDecoder().decode(data), file, name) };
    } catch (error) {
      return `it cannot be read: ${(error as Error).message}`;
    }
  }
}
