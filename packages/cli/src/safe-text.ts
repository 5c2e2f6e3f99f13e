/** Longer texts are cut. */
const longest = 300;

/**
 * Text of images, for a terminal: whoever wrote it may have put commands of terminals in it, or characters that turn the direction
 * of writing. They are shown by their numbers.
 */
export function safeText(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
