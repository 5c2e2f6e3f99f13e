import type { Colors } from '@criujs/engine-kit/safe-text';

const same = (text: string): string => text;
const noColors: Colors = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/** Gives the colours of a terminal that wants them. https://no-color.org */
export async function colorsFor(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Colors> {
  const wanted = isTerminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  // Loading the module is enough to touch process.stdout.
  return wanted ? (await import('picocolors')).default.createColors(true) : noColors;
}
