import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname } from 'node:path';
import { Script } from 'node:vm';
import { readKept, writeKept } from './kept.ts';

/** A script that runs, and where its compiled code is kept. */
export interface LoadedScript {
  readonly exports: Readonly<Record<string, unknown>>;
  /** Keeps what has been compiled so far, unless that was read from there. It never fails: the next run compiles again. */
  keep(): void;
}

type Wrapper = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  filename: string,
  dirname: string,
  load: (name: string) => Promise<unknown>,
) => void;

/** Letters at the beginning of a script, behind `//`, that tell it from all others (`scripts/bundle/write-script.js`). */
const idLength = 32;

/**
 * Runs a script of ours. Code that is kept from an earlier run, functions included, is not compiled again: that takes longer than
 * all else which a short run does. V8 takes it from the same version with the same flags only.
 * @param file an expression in ASCII that gives a {@link Wrapper}
 * @param cache where code is kept, see {@link codeCache}; null: nowhere
 * @param purpose what the script is run for: each has other functions
 */
export function loadScript(file: string, cache: string | null, purpose: string): LoadedScript {
  const { source, id } = read(file);
  const name = `${basename(file, extname(file))}-${purpose}-${id}-${process.version}-${process.arch}`;
  const cachedData = cache === null ? undefined : readKept(cache, name);
  const script = new Script(source, { filename: file, cachedData });
  let isKept = cachedData !== undefined && script.cachedDataRejected === false;
  const module = { exports: {} };
  const run = script.runInThisContext() as Wrapper;
  // Code that was kept has lost its own import() on Node 20.
  run(module.exports, createRequire(file), module, file, dirname(file), (name) => import(name));
  return {
    exports: module.exports,
    keep() {
      if (cache === null || isKept) return;
      isKept = true;
      writeKept(cache, name, script.createCachedData());
    },
  };
}

/** The script and what tells it from others. Somebody may have changed it where it is: then its time and length differ. */
function read(file: string): { source: string; id: string } {
  const fd = openSync(file, 'r');
  try {
    const { mtimeMs, size } = fstatSync(fd);
    // One byte a character, so that it need not be decoded.
    const source = readFileSync(fd, 'latin1');
    return {
      source,
      id: [source.slice(2, 2 + idLength), Math.trunc(mtimeMs).toString(36), size.toString(36)].join('-'),
    };
  } finally {
    closeSync(fd);
  }
}
