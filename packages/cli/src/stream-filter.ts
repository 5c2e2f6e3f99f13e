import { safeText } from '@criujs/core';

/**
 * Makes a filter for all that goes to a stream, below whoever made the text safe already: line breaks and the control sequences of our
 * own colours pass, everything else that a terminal may take for a command is escaped.
 */
export function createFilter(sequences: readonly string[]): (text: string) => string {
  const pieces = new RegExp(`(${['\n', ...sequences].map((it) => it.replaceAll('[', '\\[')).join('|')})`);
  // Of what a split gives, every second piece is what it was split at.
  return (text) =>
    text
      .split(pieces)
      .map((piece, at) => (at % 2 === 1 ? piece : safeText(piece)))
      .join('');
}
