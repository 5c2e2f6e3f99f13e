/** A `criujs run` whose options are all understood. */
export interface ParsedRun {
  readonly command: readonly [string, ...string[]];
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Flags that may stand between `run` and the command. */
const flags: Readonly<Record<string, 'json' | 'verbose'>> = {
  '--json': 'json',
  '-v': 'verbose',
  '--verbose': 'verbose',
};

/**
 * Reads `run [--json] [-v] [--] COMMAND…`. The parser of the other commands touches the standard streams, which makes Node
 * change them, and the program must get them as they are.
 * @returns null for everything else: another command, help, a mistake
 */
export function parseRun([name, ...rest]: readonly string[]): ParsedRun | null {
  if (name !== 'run') return null;
  const found = { json: false, verbose: false };
  for (const [at, word] of rest.entries()) {
    const flag = flags[word];
    if (flag !== undefined) {
      found[flag] = true;
      continue;
    }
    const [program, ...args] = rest.slice(word === '--' ? at + 1 : at);
    return program === undefined || (word !== '--' && word.startsWith('-'))
      ? null
      : { command: [program, ...args], ...found };
  }
  return null;
}
