import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { thrownLines } from '@criujs/plugin-host/facts';
import type { Thrown } from '@criujs/plugin-sdk';
import type { EngineError } from './errors.ts';
import { safeJson, safeLines, safeText } from './safe-text.ts';

/** An error as `--json` prints it. */
export interface ErrorReport {
  readonly ok: false;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly pid?: number;
    readonly resource?: string;
    readonly plugin?: string;
    readonly hook?: string;
    readonly refusals?: EngineError['refusals'];
    /** What code of a plugin threw: where in the author's source, by which calls, and of what causes. */
    readonly thrown?: Thrown;
    /** Several plugins failed in one call: each of them. */
    readonly errors?: EngineError['errors'];
  };
}

/** What is reported of an error. */
export type ErrorFacts = Pick<EngineError, 'code' | 'message' | 'remedy'> &
  Partial<Pick<EngineError, 'pid' | 'resource' | 'plugin' | 'hook' | 'refusals' | 'thrown' | 'errors'>>;

/** An error in plain data, without what is not known. */
export function reportError(error: ErrorFacts): ErrorReport {
  const { code, message, remedy, pid, resource, plugin, hook, refusals, thrown, errors } = error;
  const known = Object.entries({ code, message, remedy, pid, resource, plugin, hook, refusals, thrown, errors }).filter(
    ([, it]) => it !== undefined,
  );
  return { ok: false, error: Object.fromEntries(known) as ErrorReport['error'] };
}

/**
 * Describes an error for a terminal: what, where and why, then the remedy on a line of its own.
 * @param how `full`: with what code of a plugin threw, the calls that led there, and its causes
 */
export function describeError(
  error: Pick<ErrorFacts, 'message' | 'remedy' | 'thrown' | 'errors'>,
  how: 'short' | 'full' = 'short',
): string {
  const lines = how === 'full' ? thrownIn(error).map((it) => `  ${safeText(it)}\n`) : [];
  return `criujs: ${safeLines(error.message)}\n  → ${safeText(error.remedy)}\n${lines.join('')}`;
}

/** Lines about all that plugins threw; they are as the plugins wrote them. */
export function thrownIn({ thrown, errors = [] }: Pick<ErrorFacts, 'thrown' | 'errors'>): string[] {
  const own = thrown === undefined ? [] : thrownLines(thrown);
  return [...own, ...errors.flatMap((it) => (it.thrown === undefined ? [] : thrownLines(it.thrown)))];
}

/**
 * Writes an error without the event loop: for a process whose main thread will never run again.
 * Words go to descriptor 2; with 'json' the report goes to descriptor 1 as well, where results go.
 */
export function writeLastWords(error: EngineError, form: 'text' | 'json'): void {
  writeNow(2, tidyTerminal() + describeError(error));
  if (form === 'json') writeNow(1, `${safeJson(reportError(error))}\n`);
}

/** What goes before last words: a progress display may have hidden the cursor, in a line of its own. */
export function tidyTerminal(): string {
  return isatty(2) ? '\r\x1b[2K\x1b[?25h' : '';
}

function writeNow(fd: number, text: string): void {
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch {
    // Nobody reads it, or the pipe is full: the process ends all the same.
  }
}
