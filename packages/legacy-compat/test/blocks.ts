/** The blocks of a text that have a name: ```` ```ts name=plugin.ts ````. */
export function blocksOf(text: string): Map<string, string> {
  const found = [...text.matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)];
  return new Map(found.map(([, name = '', code = '']) => [name, code]));
}
