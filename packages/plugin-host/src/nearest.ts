/** The one of these names that somebody most likely meant; undefined when none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const near = names.map((it) => ({ it, steps: distance(name, it) })).sort((a, b) => a.steps - b.steps)[0];
  return near !== undefined && near.steps <= Math.max(1, Math.floor(name.length / 3)) ? near.it : undefined;
}

/** How many letters must be added, left out or changed. Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + Number(letter !== other);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
