/**
 * Whether a pattern of a manifest stands for the whole text: `*` for any characters but `/`, `**` for any characters, everything
 * else for itself. It takes at most as many steps as both have characters multiplied: a stranger's pattern cannot make it hang.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = partsOf(pattern);
  // Where in the text the parts so far may end.
  let ends = new Set([0]);
  for (const part of parts) {
    ends = new Set(step(part, ends, text));
    if (ends.size === 0) return false;
  }
  return ends.has(text.length);
}

type Part = { readonly literal: string } | { readonly any: 'segment' | 'all' };

function partsOf(pattern: string): Part[] {
  return (pattern.match(/\*{2,}|\*|[^*]+/g) ?? []).map((it) => {
    if (!it.startsWith('*')) return { literal: it };
    return { any: it === '*' ? 'segment' : 'all' };
  });
}

function* step(part: Part, starts: ReadonlySet<number>, text: string): Generator<number> {
  if ('literal' in part) {
    for (const at of starts) if (text.startsWith(part.literal, at)) yield at + part.literal.length;
    return;
  }
  // Each place is looked at once: from the first start on, as far as the part may go.
  let reaches = false;
  for (let at = Math.min(...starts); at <= text.length; at++) {
    reaches ||= starts.has(at);
    if (reaches) yield at;
    if (part.any === 'segment' && text[at] === '/') reaches = false;
  }
}
