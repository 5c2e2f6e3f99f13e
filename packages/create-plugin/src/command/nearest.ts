/** The one of `words` that was probably meant by `typed`, or null when none is near. */
export function nearest<Word extends string>(typed: string, words: readonly Word[]): Word | null {
  const started = words.filter((word) => typed.length > 2 && word.startsWith(typed.toLowerCase()));
  if (started.length === 1) return started[0] ?? null;
  const [best] = words
    .map((word) => ({ word, distance: distance(typed.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, distance }) => distance <= Math.max(2, Math.ceil(word.length / 3)) && distance < word.length)
    .toSorted((a, b) => a.distance - b.distance);
  return best?.word ?? null;
}

/** `Did you mean X? ` or nothing. */
export function didYouMean(typed: string, words: readonly string[], show: (word: string) => string = String): string {
  const word = nearest(typed, words);
  return word === null ? '' : `Did you mean ${show(word)}? `;
}

/** Levenshtein's distance: how many letters to add, take away or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
