type Paint = (text: string) => string;

/** Colours of one stream, or none. */
export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly cyan: Paint;
}

const same: Paint = (text) => text;
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

/** Lists the control sequences that these colours put around a text. */
export function sequencesOf({ bold, dim, red, yellow, green, cyan }: Colors): readonly string[] {
  const around = [bold, dim, red, yellow, green, cyan].flatMap((paint) => paint('|').split('|'));
  return [...new Set(around)].filter((it) => it !== '');
}
