import { EngineError, type EngineErrorCode, type PluginFailure, type Refusal, toEngineError } from '@criujs/engine-kit';
import type { Thrown } from '@criujs/plugin-sdk';

/** An error on its way between threads: structured clone would drop its fields. */
export interface WireError {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly pid?: number | undefined;
  readonly resource?: string | undefined;
  readonly plugin?: string | undefined;
  readonly hook?: string | undefined;
  readonly refusals?: readonly Refusal[] | undefined;
  readonly summary?: string | undefined;
  readonly thrown?: Thrown | undefined;
  readonly errors?: readonly PluginFailure[] | undefined;
  readonly stack?: string | undefined;
  /** Messages of the chain of causes, the nearest first. */
  readonly causes: readonly string[];
}

/** No chain of causes is followed further than this: a chain may be a ring. */
const maxCauses = 8;

/** Takes an error apart, field by field. */
export function encodeError(failure: unknown): WireError {
  const error = toEngineError(failure);
  const { code, message, remedy, pid, resource, plugin, hook, refusals, summary, thrown, errors, stack } = error;
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < maxCauses; ) {
    const { text, next } = lookAt(cause);
    if (text !== message) causes.push(text);
    cause = next;
  }
  const known = { pid, resource, plugin, hook, refusals, summary, thrown, errors };
  return { code, message, remedy, ...known, stack, causes };
}

/** A cause may be anything that somebody has thrown, and may throw when it is looked at. */
function lookAt(cause: unknown): { readonly text: string; readonly next: unknown } {
  try {
    return cause instanceof Error
      ? { text: String(cause.message), next: cause.cause }
      : { text: String(cause), next: undefined };
  } catch {
    return { text: 'something that cannot be shown', next: undefined };
  }
}

/** Puts an error together again. Its stack is that of the thread where it happened. */
export function decodeError(wire: WireError): EngineError {
  const { code, message, stack, causes, ...details } = wire;
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => (inner === undefined ? new Error(text) : new Error(text, { cause: inner })),
    undefined,
  );
  const error = new EngineError(code, message, { ...details, cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
