/** Longer texts are cut. */
const longest = 300;

/**
 * Makes text from images safe for a terminal: it may contain control sequences, or characters that change the writing direction.
 * They are shown by their code points.
 */
export function safeText(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
