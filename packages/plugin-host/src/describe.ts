import { inspect, types } from 'node:util';

/** A value of a plugin's in one short line, whatever it is. Looking at it runs none of its code that could throw here. */
export function describe(value: unknown): string {
  return guarded(
    () => short(inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, customInspect: false })),
    'a value that cannot be shown',
  );
}

/** What was thrown, in words: an error's message, or the value. */
export function describeThrown(thrown: unknown): string {
  return guarded(() => {
    if (!(thrown instanceof Error)) return `threw ${describe(thrown)}`;
    return cut(thrown.message === '' ? thrown.name : thrown.message);
  }, 'threw a value that cannot be shown');
}

/** Characters of a message that anybody reads. */
const longestMessage = 4000;

/** A text of a plugin's, no longer than a message may be. */
export function cut(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

/** Causes of causes that anybody looks at. */
const mostCauses = 8;

/** Whether others may look at what was thrown as at any error: no proxy, and no code of its own that throws then. */
export function isHarmless(thrown: unknown): boolean {
  return guarded(() => {
    for (let it = thrown, depth = 0; depth < mostCauses; depth++) {
      if (!types.isNativeError(it)) return false;
      const { name, message, stack = '', cause } = it;
      if ([name, message, stack].some((text) => typeof text !== 'string')) return false;
      if (typeof cause !== 'object' && typeof cause !== 'function') return true;
      it = cause;
    }
    // Nobody follows a chain any further, which may be a ring.
    return true;
  }, false);
}

/** A property of something thrown, if it has one of that type. */
export function textOf(thrown: unknown, property: string): string | undefined {
  const value = propertyOf(thrown, property);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `errno` of an error: PluginError has a name or number, Node's errors have the name as `code`. */
export function errnoOf(thrown: unknown): string | number | undefined {
  const code = textOf(thrown, 'code');
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return code;
  const errno = propertyOf(thrown, 'errno');
  return typeof errno === 'string' || typeof errno === 'number' ? errno : undefined;
}

/** A property of something thrown, whatever it is; undefined: it has none, or none that can be read. */
export function propertyOf(value: unknown, property: string): unknown {
  return guarded(() => (value as Record<string, unknown> | null | undefined)?.[property], undefined);
}

function guarded<T>(body: () => T, otherwise: T): T {
  try {
    return body();
  } catch {
    return otherwise;
  }
}

function short(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
