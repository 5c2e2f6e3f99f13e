/** Longer texts are cut. */
const defaultLongest = 300;

/**
 * Makes text that others chose safe for a terminal: it may contain control sequences, or characters that change the writing direction.
 * They are shown by their code points.
 * @param longest characters that are kept
 */
export function safeText(text: string, longest: number = defaultLongest): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
