import { type Colors, createFilter, safeJson, sequencesOf } from '@criujs/engine-kit/safe-text';
import picocolors from 'picocolors';

/**
 * Where the command's words go: to stdout, and errors and warnings to stderr. With `--json` stdout gets one object only. Names come
 * from the files of others: no control sequence but those of our own colours gets through.
 */
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
  const colors = colorsOf(people, environment);
  const errorColors = colorsOf(stderr, environment);
  const say = lineTo(people, colors);
  const error = lineTo(stderr, errorColors);
  return {
    json,
    verbose,
    live: people.isTTY === true && environment['TERM'] !== 'dumb' && !environment['CI'],
    colors,
    errorColors,
    say,
    warn: (text) => error(`${errorColors.yellow('warning:')} ${text}`),
    error,
    result: (data) => void (json && stdout.write(`${safeJson(data)}\n`)),
  };
}

function lineTo(sink: Sink, colors: Colors): (text: string) => void {
  const filter = createFilter(sequencesOf(colors));
  return (text) => void sink.write(`${filter(text)}\n`);
}

/** Colours on a terminal that wants them. https://no-color.org */
function colorsOf(sink: Sink, environment: Readonly<Record<string, string | undefined>>): Colors {
  return picocolors.createColors(sink.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb');
}
