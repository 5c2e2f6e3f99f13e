import type { Thrown, ThrownCause } from '@criujs/plugin-sdk';
import { cut, describe, propertyOf, textOf } from '../describe.ts';
import type { CodeFolder } from './folder.ts';
import { ownFrames } from './frames.ts';

/** Causes that are looked at: how deep, and how many in all. A chain may be a ring. */
const deepest = 8;
const mostCauses = 16;

/** What was thrown, and whose code threw it. */
export interface Look {
  readonly thrown: Thrown;
  /** undefined: nobody knows. */
  readonly folder: CodeFolder | undefined;
}

/**
 * Looks at what code of a plugin threw. Never throws, whatever that is.
 * @param home the folder of the plugin's module, without symbolic links; undefined: it came as an object
 */
export function lookAt(thrown: unknown, home: string | undefined): Look {
  const { frames, folder } = ownFrames(thrown, home);
  const causes: ThrownCause[] = [];
  const seen = new Set<unknown>([thrown]);
  const add = (it: unknown, as: ThrownCause['as'], depth: number): void => {
    if (it === undefined || causes.length === mostCauses || depth > deepest || seen.has(it)) return;
    seen.add(it);
    const [at] = ownFrames(it, folder?.path ?? home).frames;
    causes.push({ ...facts(it), ...(at === undefined ? {} : { at }), depth, as });
    addCauses(it, depth + 1);
  };
  const addCauses = (it: unknown, depth: number): void => {
    for (const error of errorsOf(it)) add(error, 'error', depth);
    add(propertyOf(it, 'cause'), 'cause', depth);
  };
  addCauses(thrown, 1);
  const at = frames[0] ?? causes.find((cause) => cause.at !== undefined)?.at;
  return { thrown: { ...facts(thrown), ...(at === undefined ? {} : { at }), frames, causes }, folder };
}

function facts(thrown: unknown): Pick<Thrown, 'name' | 'message' | 'code'> {
  const message = textOf(thrown, 'message');
  const isError = message !== undefined || textOf(thrown, 'stack') !== undefined;
  if (!isError) return { name: typeof thrown, message: describe(thrown) };
  const code = propertyOf(thrown, 'code');
  const known = typeof code === 'number' || (typeof code === 'string' && code.length <= 100);
  const name = (textOf(thrown, 'name') ?? 'Error').slice(0, 100);
  return { name, message: cut(message ?? ''), ...(known ? { code } : {}) };
}

/** Those of an AggregateError, which may be a proxy or have holes. */
function errorsOf(thrown: unknown): unknown[] {
  const errors = propertyOf(thrown, 'errors');
  const length = propertyOf(errors, 'length');
  if (typeof errors !== 'object' || typeof length !== 'number' || !(length > 0)) return [];
  return Array.from({ length: Math.min(length, mostCauses) }, (_, at) => propertyOf(errors, `${at}`));
}
