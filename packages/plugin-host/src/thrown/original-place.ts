import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CodePlace } from '@criujs/plugin-sdk';
import { isInside } from './folder.ts';
import { keptMap } from './translated.ts';

/** Larger ones are of bundles that no author looks into by hand. */
const largestMap = 16 * 1024 * 1024;

/** The comment that names a map stands at the end. ECMA-426. */
const endOfModule = 4096;
const scheme = /^[a-z][a-z0-9+.-]*:/i;
const mapComment = /\/\/[#@] sourceMappingURL=([^\s'"]{1,1000})\s*$/;

/**
 * The place in the author's source of a place in code that runs: where this host translated the module, or a compiler left its map
 * beside it. Otherwise the place itself.
 * @param folder no map is read from outside of it, and no source outside of it is named
 * @param isLoaded this host has loaded the plugin. Of one that came as an object, whoever runs TypeScript may have mapped the stack.
 */
export function originalPlace(place: CodePlace, folder: string, isLoaded: boolean): CodePlace {
  const written = isLoaded || Error.prepareStackTrace === undefined ? beforeTranslation(place) : place;
  return beforeCompilation(written, folder);
}

/** A damaged map tells nothing: the place stays as it is. */
function beforeTranslation(place: CodePlace): CodePlace {
  try {
    const kept = keptMap(place.file);
    return kept === undefined ? place : (mapped(place, kept, () => place.file) ?? place);
  } catch {
    return place;
  }
}

function beforeCompilation(place: CodePlace, folder: string): CodePlace {
  if (!/\.[cm]?js$/.test(place.file)) return place;
  try {
    const beside = mapBeside(place.file, folder);
    if (beside === undefined) return place;
    const sourceAt = (source: string): string | undefined => {
      // Throws for any scheme but `file:`.
      const path = scheme.test(source) ? fileURLToPath(source) : resolve(dirname(beside.file), source);
      return isInside(path, folder) ? path : undefined;
    };
    return mapped(place, beside.json, sourceAt) ?? place;
  } catch {
    return place;
  }
}

function mapped(
  place: CodePlace,
  json: string,
  sourceAt: (source: string) => string | undefined,
): CodePlace | undefined {
  const payload = JSON.parse(json) as SourceMapPayload;
  const map = new SourceMap(payload);
  const line = place.line - 1;
  const found = map.findEntry(line, place.column - 1);
  if (!isIn(found, line)) return undefined;
  const file = sourceAt(found.originalSource);
  if (file === undefined) return undefined;
  const text = payload.sourcesContent?.[payload.sources.indexOf(found.originalSource)];
  const exact = { line: found.originalLine + 1, column: found.originalColumn + 1 };
  if (typeof text !== 'string') return { ...place, file, ...exact };
  const next = map.findEntry(line, place.column);
  return { ...place, file, ...(isIn(next, line) ? asInSource(next, text, exact) : exact) };
}

function isIn(entry: SourceMapping | object, line: number): entry is SourceMapping {
  return 'generatedLine' in entry && entry.generatedLine === line;
}

type Point = Pick<CodePlace, 'line' | 'column'>;

/**
 * Where V8 would say it is if it had read the source itself. Of `f().x` it tells the dot, where translators have the end of what comes
 * before; of a call of something imported the parenthesis, as the name is an expression by then.
 */
function asInSource({ originalLine, originalColumn }: SourceMapping, text: string, { line, column }: Point): Point {
  const lines = text.split('\n', Math.max(line, originalLine + 1));
  if (lines[originalLine]?.[originalColumn - 1] === '.' && lines[line - 1]?.[column - 1] !== '.') {
    return { line: originalLine + 1, column: originalColumn };
  }
  if (lines[line - 1]?.[column - 1] !== '(') return { line, column };
  const [name = ''] = /[\w$]*$/.exec(lines[line - 1]?.slice(0, column - 1) ?? '') ?? [];
  return { line, column: column - name.length };
}

/** The map that a compiled module names, if it is a file in the same folder tree. */
function mapBeside(file: string, folder: string): { readonly file: string; readonly json: string } | undefined {
  const [, url] = mapComment.exec(readEnd(file)) ?? [];
  if (url === undefined || scheme.test(url) || url.startsWith('/')) return undefined;
  const path = realpathSync(resolve(dirname(file), decodeURIComponent(url)));
  if (!isInside(path, folder)) return undefined;
  const json = read(path, 0, largestMap);
  return json === undefined ? undefined : { file: path, json };
}

function readEnd(file: string): string {
  return read(file, endOfModule, Number.MAX_SAFE_INTEGER) ?? '';
}

/**
 * Reads a plain file.
 * @param end only so many bytes at its end; 0: all
 */
function read(file: string, end: number, largest: number): string | undefined {
  // A pipe of that name must not hold the run.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    const { size } = stat;
    if (!stat.isFile() || size > largest) return undefined;
    const from = end === 0 ? 0 : Math.max(0, size - end);
    const bytes = Buffer.alloc(size - from);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, from));
  } finally {
    closeSync(fd);
  }
}
