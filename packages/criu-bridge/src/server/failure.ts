import { EngineError, toEngineError } from '@criujs/engine-kit';
import { errno } from '@criujs/linux';
import type { CriuError, HookName } from '@criujs/plugin-sdk';

/** A failure as an engine reports it: code, message and remedy stay those of the original error. */
export function failureOf(error: unknown, hook: HookName | undefined): EngineError {
  if (error instanceof EngineError) return error;
  const { code, message, hook: own } = Object(error) as Partial<CriuError>;
  if (typeof code !== 'string' || typeof message !== 'string') {
    return new EngineError('INTERNAL', `${hook ?? 'the plugin host'} failed: ${String(error)}`, { hook, cause: error });
  }
  const known = toEngineError(error);
  return own === undefined && hook !== undefined
    ? new EngineError(known.code, message, { ...known, hook, cause: error })
    : known;
}

/** The negated error number for CRIU: the one that the plugin gave, else EIO. */
export function errnoFor(error: unknown): number {
  const { errno: given } = Object(error) as { readonly errno?: string | number };
  const number = typeof given === 'string' ? errno[given] : given;
  // -ENOTSUP would pass it on to the next plugin, as if nothing had happened.
  const isUsable = Number.isInteger(number) && Math.abs(number as number) < 4096 && Math.abs(number as number) !== 95;
  return -(isUsable ? Math.abs(number as number) || errno.EIO : errno.EIO);
}

/** Why it failed and what to do, in the one line that the log of CRIU has for it. */
export function inOneLine({ message, remedy }: Pick<CriuError, 'message' | 'remedy'>): string {
  const text = remedy === undefined ? message : `${message} (${remedy})`;
  return shorten(text.replace(/\s*\n\s*/g, '; ').replaceAll('\0', '@'));
}

/** A text of a message has 4095 bytes at most; nobody reads that much in a log. */
function shorten(text: string): string {
  const longest = 1000;
  return text.length <= longest ? text : `${text.slice(0, longest)} …`;
}
