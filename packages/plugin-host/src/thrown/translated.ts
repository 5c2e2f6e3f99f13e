/**
 * Maps of modules that were translated when they were loaded, by path: inline in what the translator made. They are kept as text, and
 * read when something was thrown.
 */
const maps = new Map<string, string>();

const inline = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

/** Keeps the map of a module that is about to run. */
export function keepMap(file: string, code: string): void {
  const at = code.lastIndexOf(inline);
  if (at === -1) maps.delete(file);
  else maps.set(file, code.slice(at + inline.length).split('\n', 1)[0] ?? '');
}

/** The map of a module that was translated, as JSON; undefined: it runs as it is written. */
export function keptMap(file: string): string | undefined {
  const map = maps.get(file);
  return map === undefined ? undefined : Buffer.from(map, 'base64').toString('utf8');
}
