import type { CodePlace, Thrown, ThrownCause } from '@criujs/plugin-sdk';

/** Names of what is no error: `typeof` gives them. */
const types: ReadonlySet<string> = new Set([
  'string',
  'number',
  'bigint',
  'boolean',
  'symbol',
  'undefined',
  'object',
  'function',
]);

/**
 * What was thrown in lines for people: the error, the author's own calls that led to it, then each cause with its own place.
 * The lines hold what a plugin wrote: make them safe before they go to a terminal.
 */
export function thrownLines(thrown: Thrown): string[] {
  const { frames, causes } = thrown;
  return [headOf(thrown), ...frames.map((it) => `    at ${callOf(it)}`), ...causes.map(causeOf)];
}

/** `caused by: Error: no answer (at src/ask.ts:12:7)`, under what it caused. */
function causeOf(cause: ThrownCause): string {
  const indent = '  '.repeat(cause.depth - 1);
  const where = cause.at === undefined ? '' : ` (at ${placeText(cause.at)})`;
  return `${indent}${cause.as === 'cause' ? 'caused by' : 'one of its errors'}: ${headOf(cause)}${where}`;
}

function headOf({ name, message, code }: Pick<Thrown, 'name' | 'message' | 'code'>): string {
  if (types.has(name)) return `threw ${message}`;
  // As Node shows a code.
  const title = code === undefined || code === 'PLUGIN_ERROR' ? name : `${name} [${code}]`;
  return message === '' ? title : `${title}: ${message}`;
}

function callOf(place: CodePlace): string {
  return place.function === undefined ? placeText(place) : `${place.function} (${placeText(place)})`;
}

/** A place as editors and terminals open it: `src/index.ts:12:7`, from the current directory if it lies below. */
export function placeText({ file, line, column }: CodePlace): string {
  return `${fromHere(file)}:${line}:${column}`;
}

function fromHere(path: string): string {
  try {
    const here = `${process.cwd()}/`;
    return path.startsWith(here) ? path.slice(here.length) : path;
  } catch {
    // The current directory was removed.
    return path;
  }
}
