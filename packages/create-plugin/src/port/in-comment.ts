/** Text of an existing plugin, which may hold anything, for a comment: it cannot end it, nor turn the direction of writing. */
export function inComment(text: string): string {
  const safe = text.replaceAll('*/', '* /').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
}
