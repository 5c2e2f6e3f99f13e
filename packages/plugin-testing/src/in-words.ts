import { thrownLines } from '@criujs/plugin-host/facts';
import type { CriuError } from '@criujs/plugin-sdk';

/** An error for whoever reads the report of a test: what a plugin threw has its calls and its causes. */
export function inWords({ message, thrown }: Pick<CriuError, 'message' | 'thrown'>): string {
  return [message, ...(thrown === undefined ? [] : thrownLines(thrown))].join('\n    ');
}
