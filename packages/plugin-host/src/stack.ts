import { realpathSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { textOf } from './describe.ts';

/** Errors that were made for people: they say what they need to say. */
const told: ReadonlySet<unknown> = new Set(['PluginError', 'HostError', 'EngineError']);

/** A line of a stack, with or without a function: `at f (file:///a/b.js:1:2)`, `at async /a/b.ts:1:2`. */
const frame = /^\s+at (?:.* \()?(?:async )?((?:file:\/\/)?\/.*?):(\d+):(\d+)\)?$/gm;

/** Characters of a stack that are looked at: it is the plugin's to write. */
const mostStack = 64 * 1024;

/**
 * Where in the code of a plugin something was thrown: `my-plugin.ts:12:7`, from the current directory if it lies below.
 * undefined: its stack does not say, or the error was made for people.
 * @param home the folder of the plugin's module, without symbolic links
 */
export function placeOf(thrown: unknown, home: string): string | undefined {
  if (told.has(textOf(thrown, 'name'))) return undefined;
  const stack = textOf(thrown, 'stack')?.slice(0, mostStack) ?? '';
  for (const [, file = '', line, column] of stack.matchAll(frame)) {
    const path = realPath(file);
    if (isOwn(path, home)) return `${fromHere(path)}:${line}:${column}`;
  }
  return undefined;
}

/** Dependencies that a plugin installed are not its own files, and neither is this host, which may be among them. */
function isOwn(path: string, home: string): boolean {
  const inside = relative(home, path);
  if (inside.startsWith('..') || isAbsolute(inside)) return false;
  return !inside.split(sep).includes('node_modules') && !path.startsWith(import.meta.dirname + sep);
}

/** A module in TypeScript is called by the name that it was asked for, one in JavaScript by its real one. */
function realPath(file: string): string {
  try {
    return realpathSync(file.startsWith('file:') ? fileURLToPath(file) : file);
  } catch {
    return file;
  }
}

function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
