import { realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CodePlace } from '@criujs/plugin-sdk';
import { textOf } from '../describe.ts';
import { type CodeFolder, folderOf, isOwn } from './folder.ts';
import { originalPlace } from './original-place.ts';

/** A line of a stack, with or without a function: `at f (file:///a/b.js:1:2)`, `at async f (/a/b.ts:1:2)`, `at /a/b.ts:1:2`. */
const frame = /^ +at (?:async )?(?:(.{1,300}?) \()?((?:file:\/\/)?\/[^\n]{1,4096}?):(\d{1,9}):(\d{1,9})\)?$/gm;

/** What V8 writes before the stack of a syntax error: the file and the line, then the line itself. */
const syntaxError = /^((?:file:\/\/)?\/[^\n]{1,4096}?):(\d{1,9})\n[^\n]*\n( *)\^/;

/** Characters of a stack that are looked at: it is the plugin's to write. */
const mostStack = 64 * 1024;

/** Lines of a stack that are looked at, and calls that anybody wants to see. */
const mostLines = 200;
const mostFrames = 10;

/** The folder of this host, which may lie below that of a plugin. */
const hostFolder = dirname(import.meta.dirname);

/** The calls of a plugin's own code that a stack shows, the innermost first, as the author wrote them. */
export interface OwnFrames {
  readonly frames: readonly CodePlace[];
  /** Whose code that is; undefined: nobody knows. */
  readonly folder: CodeFolder | undefined;
}

/**
 * Reads the stack of something thrown.
 * @param home the folder of the plugin's module; undefined: the program gave it as an object, and what lies between the error and
 * this host is its own, outside of `node_modules` if there is any
 */
export function ownFrames(thrown: unknown, home: string | undefined): OwnFrames {
  const stack = textOf(thrown, 'stack')?.slice(0, mostStack) ?? '';
  const lines = readFrames(stack);
  const folder = home === undefined ? guessFolder(lines) : folderOf(home);
  if (folder === undefined) return { frames: [], folder };
  const frames: CodePlace[] = [];
  for (const it of lines) {
    if (frames.length === mostFrames) break;
    if (isHosts(it.file)) {
      // What lies above a call of the host belongs to whoever uses it.
      if (frames.length > 0) break;
      continue;
    }
    if (isOwn(it.file, folder.path)) frames.push(originalPlace(it, folder.path, home !== undefined));
  }
  return { frames, folder };
}

function readFrames(stack: string): CodePlace[] {
  const found: CodePlace[] = [];
  const [, file, line, indent = ''] = syntaxError.exec(stack) ?? [];
  const inSyntax = file === undefined ? undefined : realPath(file);
  if (inSyntax !== undefined) found.push({ file: inSyntax, line: Number(line), column: indent.length + 1 });
  for (const [, name, path = '', row, column] of stack.matchAll(frame)) {
    if (found.length === mostLines) break;
    const real = realPath(path);
    if (real === undefined) continue;
    const place = { file: real, line: Number(row), column: Number(column) };
    found.push(name === undefined ? place : { ...place, function: name });
  }
  return found;
}

/** Of a plugin that came as an object: where the first code that can be its own lies. */
function guessFolder(lines: readonly CodePlace[]): CodeFolder | undefined {
  const host = lines.findIndex((it, at) => isHosts(it.file) && lines.slice(0, at).some(({ file }) => !isHosts(file)));
  const candidates = lines.slice(0, host === -1 ? undefined : host).filter(({ file }) => !isHosts(file));
  const own = candidates.find(({ file }) => !file.split(sep).includes('node_modules')) ?? candidates[0];
  return own === undefined ? undefined : folderOf(dirname(own.file));
}

function isHosts(path: string): boolean {
  return path.startsWith(hostFolder + sep);
}

/** A module in TypeScript is called by the name that it was asked for, one in JavaScript by its real one. undefined: it is no file. */
function realPath(file: string): string | undefined {
  try {
    return realpathSync(file.startsWith('file:') ? fileURLToPath(file) : file);
  } catch {
    return undefined;
  }
}
