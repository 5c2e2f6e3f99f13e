import picocolors from 'picocolors';

type Paint = (text: string) => string;

/** Colours of a terminal, or none. */
export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly cyan: Paint;
}

/** Where the command's words go: to stdout, and errors and warnings to stderr. With `--json` stdout gets one object only. */
export interface Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Whether people see it on a terminal, so that a line may move. */
  readonly live: boolean;
  readonly colors: Colors;
  readonly errorColors: Colors;
  /** A line for people. */
  say(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** The result for machines; nothing without `--json`. */
  result(data: object): void;
}

/** What decides how to print. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly stdout?: Sink;
  readonly stderr?: Sink;
}

interface Sink {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export function createOutput(options: OutputOptions = {}): Output {
  const { json = false, verbose = false, environment = process.env } = options;
  const { stdout = process.stdout, stderr = process.stderr } = options;
  const people = json ? stderr : stdout;
  const errorColors = colorsOf(stderr, environment);
  return {
    json,
    verbose,
    live: people.isTTY === true && environment['TERM'] !== 'dumb' && !environment['CI'],
    colors: colorsOf(people, environment),
    errorColors,
    say: (text) => void people.write(`${text}\n`),
    warn: (text) => void stderr.write(`${errorColors.yellow('warning:')} ${text}\n`),
    error: (text) => void stderr.write(`${text}\n`),
    result: (data) => void (json && stdout.write(`${JSON.stringify(data, null, 2)}\n`)),
  };
}

/** Colours on a terminal that wants them. https://no-color.org */
function colorsOf(sink: Sink, environment: Readonly<Record<string, string | undefined>>): Colors {
  return picocolors.createColors(sink.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb');
}
